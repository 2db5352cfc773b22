"""moto, with the parts of EC2 that it lacks and `assay sourcing` reads. The images of all accounts live in WORLD, and EC2's
own rules say who sees which of them, in which state and with which marks."""
import datetime
import fnmatch
import hashlib
import json
import logging
import os
import re
import warnings

os.environ.setdefault("MOTO_EC2_LOAD_DEFAULT_AMIS", "false")
os.environ.setdefault("MOTO_IAM_LOAD_MANAGED_POLICIES", "true")

from moto.cloudtrail.responses import CloudTrailResponse  # noqa: E402
from moto.core.responses import ActionResult  # noqa: E402
from moto.ec2.exceptions import EC2ClientError, InvalidAMIIdError  # noqa: E402
from moto.ec2.responses import EC2Response  # noqa: E402
from moto.moto_api._internal import mock_random  # noqa: E402
from moto.server import ThreadedMotoServer  # noqa: E402
from moto.ssm.models import SimpleSystemManagerBackend  # noqa: E402

import allowed_model  # noqa: E402

PAGE = 5  # so that every list has pages


class World:
    """What EC2 knows beyond moto: keyed by region, or by account and region."""

    def __init__(self, now, organization, members):
        self.now, self.organization, self.members = now, organization, members
        self.images = {}  # region -> id -> image
        self.settings = {}  # (account, region) -> Allowed AMIs
        self.blocks = {}  # (account, region) -> (images, snapshots)
        self.denied = set()  # (account, region, action)
        self.events = {}  # (account, region) -> CloudTrail events

    def plant(self, region, key, owner, name, users=(), organization=False, **members):
        """An image. Its id hangs on region and key alone."""
        image_id = "ami-" + hashlib.sha256(f"{region} {key}".encode()).hexdigest()[:17]
        created = members.pop("created", datetime.timedelta(days=40))
        deprecated = members.pop("deprecated", None)
        snapshot = members.pop("snapshot", "snap-" + hashlib.sha256(image_id.encode()).hexdigest()[:17])
        encrypted = members.pop("encrypted", False)
        alias = members.get("ImageOwnerAlias")
        image = {
            "ImageId": image_id, "Name": name, "OwnerId": owner, "ImageLocation": f"{alias or owner}/{name}",
            "Public": False, "State": "available", "Architecture": "x86_64", "ImageType": "machine",
            "CreationDate": stamp(self.now - created), "PlatformDetails": "Linux/UNIX", "UsageOperation": "RunInstances",
            "RootDeviceType": "ebs", "RootDeviceName": "/dev/xvda", "VirtualizationType": "hvm", "Hypervisor": "xen",
            "EnaSupport": True, "SriovNetSupport": "simple",
            "BlockDeviceMappings": [{"DeviceName": "/dev/xvda", "Ebs": {
                "SnapshotId": snapshot, "VolumeSize": 8, "VolumeType": "gp3", "DeleteOnTermination": True,
                "Encrypted": encrypted}}],
            **members,
        }
        if deprecated is not None:
            image["DeprecationTime"] = stamp(self.now + deprecated)
        image["_users"], image["_organization"] = list(users), organization
        self.images.setdefault(region, {})[image_id] = image
        return image

    def shared_with(self, image, account):
        return account in image["_users"] or (image["_organization"] and account in self.members)

    def allowed(self, image, account, region):
        """None while nothing is evaluated."""
        settings = self.settings[account, region]
        if settings["State"] == "disabled":
            return None
        return allowed_model.judge({"image": public_members(image), "settings": settings, "account": account,
                                    "now": self.now.isoformat(), "source": "images"})["periods"] == "allowed"

    def visible(self, image, account, region, disabled=False):
        own = image["OwnerId"] == account
        if image["State"] == "deregistered" or not (own or image["Public"] or self.shared_with(image, account)):
            return False
        if image["State"] == "disabled" and not (own and disabled):
            return False
        enforced = self.settings[account, region]["State"] == "enabled"
        return own or not enforced or self.allowed(image, account, region)

    def shown(self, image, account, region):
        result = public_members(image)
        allowed = self.allowed(image, account, region)
        if allowed is not None:
            result["ImageAllowed"] = allowed
        return result


WORLD = None


def stamp(time, milliseconds=True):
    return time.strftime("%Y-%m-%dT%H:%M:%S") + (".000Z" if milliseconds else "Z")


def public_members(image):
    return {key: value for key, value in image.items() if not key.startswith("_")}


def true(response, name):
    return str(response._get_param(name)).lower() == "true"


def paged(response, member, values):
    """One page of a list, and the token of the next."""
    start = int(response._get_param("NextToken") or 0)
    result = {member: values[start:start + PAGE]}
    if start + PAGE < len(values):
        result["NextToken"] = str(start + PAGE)
    return ActionResult(result)


def guarded(response, action):
    if (response.current_account, response.region, action) in WORLD.denied:
        raise EC2ClientError("UnauthorizedOperation", "You are not authorized to perform this operation.")


def describe_images(self):
    account, region = self.current_account, self.region
    images = WORLD.images.get(region, {})
    ids, owners = self._get_param("ImageIds", []), self._get_param("Owners", [])
    executable, disabled = self._get_param("ExecutableUsers", []), true(self, "IncludeDisabled")
    if ids:
        gone = [i for i in ids if i not in images or not WORLD.visible(images[i], account, region, disabled)]
        if gone:
            raise InvalidAMIIdError(gone)
        found = [images[i] for i in ids]
    else:
        found = [i for i in images.values() if WORLD.visible(i, account, region, disabled)
                 and (i["OwnerId"] == account or true(self, "IncludeDeprecated") or not deprecated(i))]
    if owners:
        found = [i for i in found if i["OwnerId"] in owners or i.get("ImageOwnerAlias") in owners
                 or ("self" in owners and i["OwnerId"] == account)]
    if "self" in executable:
        found = [i for i in found if i["OwnerId"] != account and WORLD.shared_with(i, account)]
    if "all" in executable:
        found = [i for i in found if i["Public"]]
    for one in self._get_param("Filters", []):
        if one["Name"] == "name":
            found = [i for i in found if any(fnmatch.fnmatchcase(i["Name"], v) for v in one["Values"])]
    return paged(self, "Images", [WORLD.shown(i, account, region) for i in found])


def deprecated(image):
    return image.get("DeprecationTime", "9999") <= stamp(WORLD.now)


def describe_image_attribute(self):
    image = WORLD.images[self.region].get(self._get_param("ImageId"))
    if image is None or image["OwnerId"] != self.current_account:
        raise EC2ClientError("AuthFailure", "Not authorized for image:" + self._get_param("ImageId"))
    permissions = [{"Group": "all"}] if image["Public"] else []
    permissions += [{"UserId": user} for user in image["_users"]]
    if image["_organization"]:
        permissions.append({"OrganizationArn": WORLD.organization})
    return ActionResult({"ImageId": image["ImageId"], "LaunchPermissions": permissions})


def describe_instance_image_metadata(self):
    guarded(self, "DescribeInstanceImageMetadata")
    entries = []
    for reservation in self.ec2_backend.all_reservations():
        for instance in reservation.instances:
            image = WORLD.images.get(self.region, {}).get(instance.image_id)
            if image is None:
                continue
            # Traps of the real thing: an own image's alias is its account, times have no milliseconds.
            metadata = {
                "ImageId": image["ImageId"], "Name": image["Name"], "OwnerId": image["OwnerId"], "State": image["State"],
                "ImageOwnerAlias": image.get("ImageOwnerAlias")
                or (image["OwnerId"] if image["OwnerId"] == self.current_account else None),
                "CreationDate": image["CreationDate"].replace(".000Z", "Z"), "IsPublic": image["Public"],
                "DeprecationTime": image.get("DeprecationTime", "").replace(".000Z", "Z") or None,
                "ImageAllowed": WORLD.allowed(image, self.current_account, self.region),
                "ImageWatermarks": image.get("ImageWatermarks"),
            }
            entries.append({
                "InstanceId": instance.id, "InstanceType": instance.instance_type, "LaunchTime": instance.launch_time,
                "AvailabilityZone": self.region + "a",
                "State": {"Code": instance._state.code, "Name": instance._state.name},
                "OwnerId": self.current_account, "Tags": instance.get_tags(), "Operator": {"Managed": False},
                "ImageMetadata": {key: value for key, value in metadata.items() if value is not None},
            })
    return paged(self, "InstanceImageMetadata", entries)


def get_allowed_images_settings(self):
    return ActionResult(WORLD.settings[self.current_account, self.region])


def get_image_block_public_access_state(self):
    state, managed = WORLD.blocks[self.current_account, self.region][0]
    return ActionResult({"ImageBlockPublicAccessState": state, "ManagedBy": managed})


def get_snapshot_block_public_access_state(self):
    state, managed = WORLD.blocks[self.current_account, self.region][1]
    return ActionResult({"State": state, "ManagedBy": managed})


def get_instance_metadata_defaults(self):
    return ActionResult({"AccountLevel": {"HttpTokens": "optional", "ManagedBy": "account"}})


def get_image_ancestry(self):
    image = WORLD.images[self.region].get(self._get_param("ImageId"))
    entries = []
    while image is not None:
        entry = {"ImageId": image["ImageId"], "CreationDate": image["CreationDate"]}
        for key in ("ImageOwnerAlias", "SourceImageId", "SourceImageRegion"):
            if key in image:
                entry[key] = image[key]
        entries.append(entry)
        image = WORLD.images.get(image.get("SourceImageRegion"), {}).get(image.get("SourceImageId"))
    return ActionResult({"ImageAncestryEntries": entries})


def describe_image_references(self):
    references, wanted = [], self._get_param("ImageIds", [])
    arn = f"arn:aws:ec2:{self.region}:{self.current_account}:"
    for reservation in self.ec2_backend.all_reservations():
        for instance in reservation.instances:
            if instance.image_id in wanted:
                references.append({"ImageId": instance.image_id, "ResourceType": "ec2:Instance",
                                   "Arn": f"{arn}instance/{instance.id}"})
    for template in self.ec2_backend.launch_templates.values():
        for version in template.versions:
            if version.data.get("ImageId") in wanted:
                references.append({"ImageId": version.data["ImageId"], "ResourceType": "ec2:LaunchTemplate",
                                   "Arn": f"{arn}launch-template/{template.id}"})
    return paged(self, "ImageReferences", references)


def describe_launch_template_versions(self):
    """moto wants one template named; EC2 gives the newest and the default version of all."""
    versions = []
    for template in self.ec2_backend.launch_templates.values():
        for version in template.versions:
            if version.number in (template.latest_version_number, template.default_version_number):
                versions.append({
                    "LaunchTemplateId": template.id, "LaunchTemplateName": template.name, "CreateTime": version.create_time,
                    "VersionNumber": version.number, "DefaultVersion": version.number == template.default_version_number,
                    "CreatedBy": f"arn:aws:iam::{self.current_account}:role/lab", "LaunchTemplateData": version.data})
    return paged(self, "LaunchTemplateVersions", versions)


def empty(member):
    return lambda self: ActionResult({member: []})


def lookup_events(self):
    wanted = self._get_param("LookupAttributes")[0]["AttributeValue"]
    events = WORLD.events.get((self.current_account, self.region), [])
    return json.dumps({"Events": [e for e in events if e["EventName"] == wanted]})


def describe_parameters(self, filters, parameter_filters):
    """moto does not know the filter of the data type."""
    types = [v for one in parameter_filters or [] if one["Key"] == "DataType" for v in one["Values"]]
    rest = [one for one in parameter_filters or [] if one["Key"] != "DataType"]
    found = plain_describe_parameters(self, filters, rest)
    return [one for one in found if not types or one.data_type in types]


plain_describe_parameters = SimpleSystemManagerBackend.describe_parameters


def start(world):
    """A server on a free port of loopback; its address."""
    global WORLD
    WORLD = world
    for function in (
        describe_images, describe_image_attribute, describe_instance_image_metadata, get_allowed_images_settings,
        get_image_block_public_access_state, get_snapshot_block_public_access_state, get_instance_metadata_defaults,
        get_image_ancestry, describe_image_references, describe_launch_template_versions,
    ):
        setattr(EC2Response, function.__name__, function)
    EC2Response.list_images_in_recycle_bin = empty("Images")
    EC2Response.describe_image_usage_reports = empty("ImageUsageReports")
    EC2Response.describe_image_usage_report_entries = empty("ImageUsageReportEntries")
    EC2Response.describe_replace_root_volume_tasks = empty("ReplaceRootVolumeTasks")
    CloudTrailResponse.lookup_events = lookup_events
    SimpleSystemManagerBackend.describe_parameters = describe_parameters
    EC2Response.RESPONSE_KEY_PATH_TO_TRANSFORMER.pop("Image.CreationDate")  # here it is text already
    # No word on each request, nor the traces of services that moto lacks: the manifest of the export names those.
    logging.getLogger("werkzeug").setLevel(logging.CRITICAL)
    warnings.filterwarnings("ignore", message=".*AMI.*")  # moto does not know the images of WORLD
    mock_random.seed(1)  # ids that moto makes up are the same on every run
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    assert re.fullmatch(r"127\.\d+\.\d+\.\d+", host), host
    return server, f"http://{host}:{port}"
