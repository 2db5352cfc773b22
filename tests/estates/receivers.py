"""Holds findings to what their receivers take: receivers.py asff|ocsf FILE. Prints at most 20 faults, one a line.

asff: botocore's model of securityhub BatchImportFindings, and the lengths that its documentation names. ocsf: the schema
of OCSF in the version that each event names, of its class with its profiles.
"""
import functools
import json
import re
import sys

FORM_OF_A_TYPE = re.compile(
    "(Software and Configuration Checks|TTPs|Effects|Unusual Behaviors|Sensitive Data Identifications)(/[^/]+){0,2}")


def asff(text):
    import botocore.loaders
    import botocore.model
    import botocore.validate

    model = botocore.loaders.Loader().load_service_model("securityhub", "service-2")
    call = botocore.model.ServiceModel(model).operation_model("BatchImportFindings").input_shape
    validator = botocore.validate.ParamValidator()
    findings = json.loads(text)["Findings"]
    yield from [] if findings else ["no findings"]
    for finding in findings:
        report = validator.validate({"Findings": [finding]}, call)
        if report.has_errors():
            yield report.generate_report()
        yield from beyond(finding, call.members["Findings"].member, "")
        for name, value in finding.get("ProductFields", {}).items():
            yield from [] if len(name) <= 128 and len(value) <= 2048 else [f"{name} is too long"]
        for kind in finding.get("Types", []):
            yield from [] if FORM_OF_A_TYPE.fullmatch(kind) else [f"{kind!r} is no type"]


def beyond(value, shape, path):
    """What the validator lets pass: members that the model does not have, patterns, enumerations, lengths."""
    if shape.type_name == "structure":
        for name, inner in value.items():
            if name in shape.members:
                yield from beyond(inner, shape.members[name], f"{path}.{name}")
            else:
                yield f"{path}.{name} is not in the model"
    elif shape.type_name == "list":
        for inner in value:
            yield from beyond(inner, shape.member, path + "[]")
    elif shape.type_name == "string":
        if shape.enum and value not in shape.enum:
            yield f"{path}: {value!r} is none of {shape.enum}"
        if not re.search(shape.metadata.get("pattern", ""), value):
            yield f"{path}: {value!r} is not of the form {shape.metadata['pattern']}"
        longest = re.search(r"Maximum length of (\d+)", shape.documentation)
        if longest and len(value) > int(longest[1]):
            yield f"{path} is longer than {longest[1]}"


@functools.lru_cache
def of_class(version, uid, profiles):
    import jsonschema
    import ocsf_json_schema

    schema = ocsf_json_schema.OcsfJsonSchemaEmbedded(ocsf_json_schema.get_ocsf_schema(version=version))
    name = schema.lookup_class_name_from_uid(uid)
    return jsonschema.Draft202012Validator(schema.get_class_schema(class_name=name, profiles=list(profiles)))


def ocsf(text):
    yield from [] if text else ["no findings"]
    for event in map(json.loads, text.splitlines()):
        metadata = event["metadata"]
        validator = of_class(metadata["version"], event["class_uid"], tuple(metadata["profiles"]))
        for error in validator.iter_errors(event):
            yield f"{error.json_path}: {error.message}"
        if event["type_uid"] != event["class_uid"] * 100 + event["activity_id"]:
            yield f"type_uid is {event['type_uid']}"


kind, file = sys.argv[1:]
with open(file, encoding="utf-8") as handle:
    faults = sorted(set({"asff": asff, "ocsf": ocsf}[kind](handle.read())))
print("\n".join(faults[:20]))
sys.exit(bool(faults))
