"""Calls AWS operations through boto3: one for each line of standard input, answered by one line of standard output."""

import json
import sys

import boto3
from botocore import UNSIGNED, xform_name
from botocore.config import Config
from botocore.exceptions import ClientError

CONFIG = Config(retries={"total_max_attempts": 1}, signature_version=UNSIGNED)


def call(request):
    client = boto3.client(
        request["service"], region_name=request["region"], endpoint_url=request["endpoint"], config=CONFIG
    )
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
        "status": response["ResponseMetadata"]["HTTPStatusCode"],
        "requestId": response["ResponseMetadata"]["RequestId"],
    }


for line in sys.stdin:
    print(json.dumps(call(json.loads(line))), flush=True)
