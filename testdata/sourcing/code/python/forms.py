# Further forms of the searches in cases.py.
import boto3
from constants import IMAGE_OWNER
session = boto3.Session(profile_name="x")
client = session.client("ec2")
OWNERS = ["self"]
PREFIX = "golden-"
class Finder:
    def __init__(self):
        self.ec2 = boto3.client("ec2")
        self.owners = ["099720109477"]
    def unsafe_pattern_of_a_parameter(self, name):
        return self.ec2.describe_images(Filters=[{"Name": "name", "Values": [f"*{name}*"]}])["Images"]
    def safe_member(self):
        return self.ec2.describe_images(Owners=self.owners, Filters=[{"Name": "name", "Values": ["x*"]}])
    def unknown_import(self):
        return self.ec2.describe_images(Owners=[IMAGE_OWNER], Filters=[{"Name": "name", "Values": ["x*"]}])
def safe_constant(): return client.describe_images(Owners=OWNERS, Filters=[{"Name": "name", "Values": [PREFIX + "*"]}])
def safe_tags(tags):
    filters = [{"Name": "tag:" + tag.name, "Values": [tag.value]} for tag in tags]
    return client.describe_images(Filters=filters)
def safe_image_id(ami):
    wanted = {"Name": "image-id", "Values": [ami]}
    return client.describe_images(Filters=[wanted])
def unknown_extended(more):
    filters = [{"Name": "state", "Values": ["available"]}]
    filters.extend(more.filters)
    return client.describe_images(Filters=filters)["Images"][0]
def unsafe_commented():
    # client.describe_images(Owners=["self"])
    return client.describe_images(
        # Owners=["self"],
        Filters=[
            {"Name": "name", "Values": ["AMI of *"]},
        ],
    )["Images"][0]
def safe_default(owner="self"): return client.describe_images(Owners=[owner], Filters=[{"Name": "name", "Values": ["x*"]}])
def unknown_parameter(owner=None): return client.describe_images(Owners=[owner], Filters=[{"Name": "name", "Values": ["x*"]}])
def pinned_exact():
    found = client.describe_images(Filters=[{"Name": "name", "Values": ["FPGA Developer AMI - 1.12.1"]}])
    assert len(found["Images"]) == 1
    return found["Images"][0]["ImageId"]
def weak_executable():
    return client.describe_images(ExecutableUsers=["self"], Filters=[{"Name": "name", "Values": ["x*"]}])
def unknown_condition(own):
    request = {"Filters": [{"Name": "name", "Values": ["x*"]}]}
    if own:
        request["Owners"] = ["self"]
    return client.describe_images(**request)
def unsafe_either(own):
    return client.describe_images(Owners=["self"] if own else [], Filters=[{"Name": "name", "Values": ["x*"]}])
def info_all(): return [image["ImageId"] for image in client.describe_images()["Images"]]
def unsafe_update():
    request = dict(Filters=[{"Name": "name", "Values": ["x*"]}])
    request.update({"DryRun": False})
    return client.describe_images(**request)
def safe_update():
    request = dict(Filters=[{"Name": "name", "Values": ["x*"]}])
    request.update(Owners=["self"])
    return client.describe_images(**request)
def decoy_function(scenes): return describe_images(scenes, prompt="describe")
def decoy_wrapper(aws, ids): return aws.describe_images(session, ids, region="x")
def decoy_model(product): return product.images.filter(kind="x")
