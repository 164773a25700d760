"""Calls AWS operations through boto3: one for each line of standard input, answered by one line of standard output."""

import datetime
import json
import sys

import boto3
from botocore import UNSIGNED, xform_name
from botocore.config import Config
from botocore.exceptions import ClientError

ONCE = {"total_max_attempts": 1}


def connect(request):
    key = request.get("key")
    if key is None:
        signing = {"config": Config(retries=ONCE, signature_version=UNSIGNED)}
    else:
        signing = {
            "config": Config(retries=ONCE),
            "aws_access_key_id": key["accessKeyId"],
            "aws_secret_access_key": key["secretAccessKey"],
            "aws_session_token": key["sessionToken"] or None,
        }
    return boto3.client(request["service"], region_name=request["region"], endpoint_url=request["endpoint"], **signing)


def call(request):
    client = connect(request)
    try:
        output = getattr(client, xform_name(request["operation"]))(**request["input"])
    except ClientError as error:
        return {"refusal": refusal(client, error)}
    output.pop("ResponseMetadata")
    return {"output": output}


def refusal(client, error):
    name, response = type(error).__name__, error.response
    typed = name != "ClientError"
    if typed and not isinstance(error, getattr(client.exceptions, name)):
        raise error
    return {
        "exception": name if typed else response["Error"]["Code"],
        "typed": typed,
        "error": response.get("error", ""),
        "description": response.get("error_description", ""),
        "message": response["Error"]["Message"],
        "reason": response.get("reason", response.get("Reason", "")),
        "endpoint": response.get("endpoint", ""),
        "region": response.get("region", ""),
        "status": response["ResponseMetadata"]["HTTPStatusCode"],
        "requestId": response["ResponseMetadata"]["RequestId"],
    }


def moment(value):
    if isinstance(value, datetime.datetime):
        return value.timestamp()
    raise TypeError(value)


for line in sys.stdin:
    print(json.dumps(call(json.loads(line)), default=moment), flush=True)
