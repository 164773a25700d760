"""Gets role credentials for the profile as boto3 does, and asks STS whose they are."""

import json

import boto3

answer = boto3.client("sts").get_caller_identity()
print(json.dumps({"account": answer["Account"], "arn": answer["Arn"], "userId": answer["UserId"]}))
