#!/usr/bin/env python3
"""Two accounts in three regions, full of images whose origin is known, exported with examples/export-aws.sh:

    lab.py OUT_DIR

writes OUT_DIR/export/ACCOUNT/..., as the AWS CLI sees it, and OUT_DIR/truth.json: what was planted. AWS is moto on loopback
(lab_server.py); nothing leaves the machine. Needs Python packages moto[server]==5.2.5 and boto3, and `aws` of the package
awscli on the PATH, or in AWS_CLI:

    python3 -m venv VENV && VENV/bin/pip install 'moto[server]==5.2.5' boto3 awscli && PATH=VENV/bin:$PATH python3 lab.py DIR

truth.json, by region: `images` and `instances` with the class each must get and its flags. Classes: own, amazon, marketplace,
backup-vault, trusted, known-publisher, shared-by-stranger, public-stranger, no-information. Accounts that are one's own and
those that are trusted stand beside them; they are what a user would tell the program. The flags public, shared-outside,
unencrypted and snapshot-public are told of own images only.
"""
import datetime
import json
import os
import pathlib
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import lab_server  # noqa: E402
import boto3  # noqa: E402

REGIONS = ["us-east-1", "eu-central-1", "ap-southeast-2"]
A, B = "111122223333", "222233334444"  # those who export: one runs things, the other makes golden images
PARTNER, OUTSIDE = "555566667777", "123400005678"  # trusted; and somebody an image was shared with
STRANGER, IMPOSTOR, PUBLIC = "999900001111", "666677778888", "888800002222"
AMAZON, EKS, CANONICAL, MARKETPLACE = "137112412989", "602401143452", "099720109477", "679593333241"
DEBIAN, ROCKY, VAULT = "136693071363", "792107900819", "444400001111"
ORGANIZATION = f"arn:aws:organizations::{B}:organization/o-lab0123456"
NOW = datetime.datetime.now(datetime.timezone.utc).replace(microsecond=0)
DAYS = lambda n: datetime.timedelta(days=n)  # noqa: E731


class Lab:
    def __init__(self):
        self.world = lab_server.World(NOW, ORGANIZATION, {A, B})
        self.server, self.url = lab_server.start(self.world)
        self.keys = {account: self.credentials(account) for account in (A, B)}
        self.truth = {"now": lab_server.stamp(NOW), "own": [A, B], "trusted": [PARTNER], "organization": ORGANIZATION,
                      "regions": REGIONS, "settings": {}, "blocks": {},
                      "images": {r: {} for r in REGIONS}, "instances": {r: {} for r in REGIONS}}

    def client(self, service, account, region):
        key = self.keys[account]
        return boto3.client(service, region_name=region, endpoint_url=self.url, aws_access_key_id=key["AccessKeyId"],
                            aws_secret_access_key=key["SecretAccessKey"], aws_session_token=key["SessionToken"])

    def credentials(self, account):
        """moto gives each account its keys by a role in it."""
        sts = boto3.client("sts", region_name=REGIONS[0], endpoint_url=self.url, aws_access_key_id="lab",
                           aws_secret_access_key="lab")
        return sts.assume_role(RoleArn=f"arn:aws:iam::{account}:role/lab", RoleSessionName="lab")["Credentials"]

    def image(self, region, key, owner, name, klass, flags=(), **members):
        image = self.world.plant(region, key, owner, name, **members)
        self.truth["images"][region][image["ImageId"]] = {
            "key": key, "name": name, "owner": owner, "class": klass, "flags": sorted(flags)}
        return image["ImageId"]

    def snapshot(self, account, region, encrypted, public=False):
        ec2 = self.client("ec2", account, region)
        volume = ec2.create_volume(AvailabilityZone=region + "a", Size=8, Encrypted=encrypted)["VolumeId"]
        snapshot = ec2.create_snapshot(VolumeId=volume)["SnapshotId"]
        if public:
            ec2.modify_snapshot_attribute(SnapshotId=snapshot, Attribute="createVolumePermission", OperationType="add",
                                          GroupNames=["all"])
        return snapshot

    def instance(self, account, region, image, name, flags=(), klass=None, stopped=False, **arguments):
        ec2 = self.client("ec2", account, region)
        made = ec2.run_instances(
            ImageId=image, MinCount=1, MaxCount=1, InstanceType="t3.micro",
            MetadataOptions={"HttpTokens": "optional" if "imdsv1" in flags else "required", "HttpEndpoint": "enabled"},
            TagSpecifications=[{"ResourceType": "instance", "Tags": [
                {"Key": "Name", "Value": name}, {"Key": "Environment", "Value": "production"}]}],
            **arguments)["Instances"][0]["InstanceId"]
        if stopped:
            ec2.stop_instances(InstanceIds=[made])
        known = self.truth["images"][region].get(image, {})
        self.truth["instances"][region][made] = {
            "account": account, "image": image, "name": name, "class": klass or known["class"],
            "flags": sorted(flags), "state": "stopped" if stopped else "running"}


def images(lab, region):
    """All images of a region: key -> id."""
    plant = lambda key, *rest, **more: made.__setitem__(key, lab.image(region, key, *rest, **more))  # noqa: E731
    made = {}
    day = NOW.strftime("%Y%m%d")

    # Amazon and those whom it verified
    plant("al2023", AMAZON, f"al2023-ami-2023.9.{day}.0-kernel-6.1-x86_64", "amazon", ImageOwnerAlias="amazon", Public=True,
          deprecated=DAYS(80), created=DAYS(10),
          PublicSsmParameterName="/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64")
    plant("ubuntu", CANONICAL, "ubuntu/images/hvm-ssd-gp3/ubuntu-noble-24.04-amd64-server-20261102", "amazon",
          ImageOwnerAlias="amazon", Public=True, created=DAYS(27))
    plant("eks", EKS, "amazon-eks-node-1.31-v20260401", "amazon", ["deprecated"], ImageOwnerAlias="amazon", Public=True,
          created=DAYS(240), deprecated=DAYS(-30))
    plant("market", MARKETPLACE, "PA-VM-AWS-11.2.4-f1260463-68e1-4bfb-bf2e-075c2664c1d7", "marketplace",
          ImageOwnerAlias="aws-marketplace", Public=True,
          ProductCodes=[{"ProductCodeId": "6njl1pau431dv1qxipg63mvah", "ProductCodeType": "marketplace"}])
    plant("vault", VAULT, "AwsBackup_i-0123456789abcdef0", "backup-vault", ImageOwnerAlias="aws-backup-vault", users=[A])

    # Known by their accounts only
    plant("debian", DEBIAN, "debian-12-amd64-20261103-2200", "known-publisher", Public=True, RootDeviceName="/dev/xvda")
    plant("rocky", ROCKY, "Rocky-9-EC2-Base-9.6-20261101.0.x86_64", "known-publisher", ["deprecated"], Public=True,
          deprecated=DAYS(-2))

    # Whom the user trusts, and strangers
    plant("partner", PARTNER, "partner-agent-7", "trusted", users=[A])
    plant("shared", STRANGER, "corp-base-image-v3", "shared-by-stranger", users=[A, B])
    plant("shared-unused", STRANGER, "invoice viewer | <b>urgent</b>", "shared-by-stranger", users=[A],
          Description='"quoted"\ttab | pipe </script> \u202edesrever')
    plant("public", PUBLIC, "my-webapp-base", "public-stranger", Public=True)

    # Look-alikes
    plant("fake-ubuntu", IMPOSTOR, f"ubuntu/images/hvm-ssd/ubuntu-jammy-22.04-amd64-server-{day}", "public-stranger",
          ["look-alike"], Public=True, created=DAYS(1), Description="Canonical, Ubuntu, 22.04 LTS, amd64 jammy image")
    plant("fake-amzn2", IMPOSTOR, f"amzn2-ami-hvm-2.0.{day}.0-x86_64-gp2", "public-stranger", ["look-alike"], Public=True,
          created=DAYS(2))
    plant("fake-al2023", STRANGER, f"al2023-ami-2023.9.{day}.1-kernel-6.1-x86_64", "shared-by-stranger", ["look-alike"],
          users=[A], created=DAYS(1))

    # Gone: only the metadata of instances knows them
    plant("gone-stranger", PUBLIC, "quick-vpn-2024", "public-stranger", ["deregistered"], Public=True, State="deregistered")
    plant("gone-amazon", AMAZON, "amzn2-ami-hvm-2.0.20210126.0-x86_64-gp2", "amazon", ["deregistered", "deprecated"],
          ImageOwnerAlias="amazon", Public=True, State="deregistered", created=DAYS(2100), deprecated=DAYS(-1300))
    plant("gone-own", A, "shop-2025-11", "own", ["deregistered"], State="deregistered", encrypted=True, created=DAYS(380))

    # Own ones
    def own(key, account, name, flags=(), encrypted=True, public_snapshot=False, **more):
        flags = [*flags, *([] if encrypted else ["unencrypted"]), *(["snapshot-public"] if public_snapshot else [])]
        plant(key, account, name, "own", flags, encrypted=encrypted,
              snapshot=lab.snapshot(account, region, encrypted, public_snapshot), **more)
    golden = {"SourceImageId": made["al2023"], "SourceImageRegion": region}
    own("golden", B, "golden-2026-11", organization=True, created=DAYS(7), **golden)
    own("golden-old", B, "golden-2025-06", ["deprecated"], organization=True, created=DAYS(520), deprecated=DAYS(-150))
    own("app", A, "shop-2026-11", created=DAYS(5), SourceImageId=made["golden"], SourceImageRegion=region,
        SourceInstanceId="i-0a1b2c3d4e5f60718")
    own("app-old", A, "shop-2026-02", ["deprecated"], encrypted=False, created=DAYS(290), deprecated=DAYS(-20))
    own("disabled", A, "shop-2024-01", ["disabled"], State="disabled", created=DAYS(1040))
    own("open", A, "shop-demo", ["public"], encrypted=False, Public=True, created=DAYS(60), deprecated=DAYS(670))
    own("to-outside", A, "shop-for-agency", ["shared-outside"], encrypted=False, users=[B, OUTSIDE])
    own("to-organization", A, "shop-for-us", organization=True)
    own("leaky-snapshot", A, "reports-7", encrypted=False, public_snapshot=True)
    own("ephemeral", A, "cache-node-2")
    lab.world.images[region][made["ephemeral"]]["BlockDeviceMappings"].append(
        {"DeviceName": "/dev/sdb", "VirtualName": "ephemeral0"})
    return made


def settings(lab, region):
    """Allowed AMIs and block public access, differing by account and region."""
    amazon_now = {"ImageProviders": ["amazon"], "DeprecationTimeCondition": {"MaximumDaysSinceDeprecated": 0}}
    ours = {"ImageProviders": [B, PARTNER], "ImageNames": ["golden-*", "partner-*"]}
    product = {"MarketplaceProductCodes": ["6njl1pau431dv1qxipg63mvah"]}
    by_name = {"ImageNames": ["ubuntu/images/*"]}
    scanned = {"ImageProviders": ["amazon"], "ScanResultCondition": {"MaximumSeverityLabel": "medium"}}
    marked = {"ImageWatermarks": [{"WatermarkKey": f"{B}:golden", "MaximumDaysSinceWatermarkCreated": 90}]}
    policy = {
        (A, "us-east-1"): ("audit-mode", [amazon_now, ours, product]),
        (A, "eu-central-1"): ("audit-mode", [by_name, scanned]),  # by name only; and a condition that old clients drop
        (A, "ap-southeast-2"): ("disabled", []),
        (B, "us-east-1"): ("enabled", [{"ImageProviders": ["amazon", A]}]),
        (B, "eu-central-1"): ("disabled", []),
        (B, "ap-southeast-2"): ("audit-mode", [marked]),
    }
    account_, policy_ = "account", "declarative-policy"
    blocks = {
        "us-east-1": (("block-new-sharing", policy_), ("block-all-sharing", account_)),
        "eu-central-1": (("unblocked", account_), ("block-new-sharing", account_)),
        "ap-southeast-2": (("unblocked", account_), ("unblocked", account_)),
    }
    for account in (A, B):
        state, criteria = policy[account, region]
        managed = policy_ if account == B and state == "enabled" else account_
        made = {"State": state, "ImageCriteria": criteria, "ManagedBy": managed}
        lab.world.settings[account, region] = made
        lab.world.blocks[account, region] = blocks[region]
        lab.truth["settings"].setdefault(account, {})[region] = made
        lab.truth["blocks"].setdefault(account, {})[region] = {
            "images": blocks[region][0][0], "snapshots": blocks[region][1][0]}


def role(lab, account):
    """An instance profile whose role may do everything."""
    iam = lab.client("iam", account, REGIONS[0])
    trust = {"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}]}
    for name in ("shop-admin", "shop-web"):
        iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(trust))
        iam.create_instance_profile(InstanceProfileName=name)
        iam.add_role_to_instance_profile(InstanceProfileName=name, RoleName=name)
    iam.attach_role_policy(RoleName="shop-admin", PolicyArn="arn:aws:iam::aws:policy/AdministratorAccess")
    iam.put_role_policy(RoleName="shop-web", PolicyName="read", PolicyDocument=json.dumps({
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::shop/*"}]}))
    lab.truth["admin_profiles"] = ["shop-admin"]


def runs(lab, region, made):
    """Instances of account A, from every kind of image."""
    ec2 = lab.client("ec2", A, region)
    ec2.create_key_pair(KeyName="ops")
    subnet = ec2.describe_subnets()["Subnets"][0]
    group = ec2.create_security_group(GroupName="open", Description="ssh for all", VpcId=subnet["VpcId"])["GroupId"]
    ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[
        {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}])
    facing = {"NetworkInterfaces": [{"DeviceIndex": 0, "SubnetId": subnet["SubnetId"], "AssociatePublicIpAddress": True,
                                     "Groups": [group]}]}
    inside = {"NetworkInterfaces": [{"DeviceIndex": 0, "SubnetId": subnet["SubnetId"], "AssociatePublicIpAddress": False}]}
    admin = {"IamInstanceProfile": {"Name": "shop-admin"}}

    def run(key, flags=(), **more):
        lab.instance(A, region, made[key], key, flags, **more)
    exposed = ["admin", "imdsv1", "open-group", "public-address"]
    run("fake-ubuntu", exposed, **facing, **admin, KeyName="ops")
    run("shared", ["imdsv1"], **inside)
    run("public", ["open-group", "public-address"], **facing)
    run("gone-stranger", ["admin"], **inside, **admin)
    run("gone-own", **inside)
    run("gone-amazon", ["imdsv1"], **inside)
    for key in ("al2023", "ubuntu", "eks", "market", "vault", "debian", "rocky", "partner", "golden", "app"):
        run(key, **inside)
    run("app-old", ["imdsv1"], **inside)
    run("disabled", stopped=True, **inside)
    run("golden-old", **inside, IamInstanceProfile={"Name": "shop-web"})


def latent(lab, region, made):
    """Templates, groups, configurations and parameters of account A."""
    ec2, asg, ssm = (lab.client(s, A, region) for s in ("ec2", "autoscaling", "ssm"))
    ssm.put_parameter(Name="/golden/latest", Type="String", DataType="aws:ec2:image", Value=made["golden"])
    ssm.put_parameter(Name="/shop/base", Type="String", Value=made["public"])  # no image by its type
    for number in range(12):  # more than one batch
        ssm.put_parameter(Name=f"/golden/{number:02}", Type="String", DataType="aws:ec2:image", Value=made["golden-old"])

    def template(name, *versions):
        for number, image in enumerate(versions):
            data = {"ImageId": image, "InstanceType": "t3.micro", "MetadataOptions": {"HttpTokens": "required"}}
            if number == 0:
                ec2.create_launch_template(LaunchTemplateName=name, LaunchTemplateData=data)
            else:
                ec2.create_launch_template_version(LaunchTemplateName=name, LaunchTemplateData=data)
    template("web", made["app-old"], made["app"])  # the default is not the newest
    template("from-parameter", "resolve:ssm:/golden/latest")
    template("from-plain-parameter", "resolve:ssm:/shop/base:1")
    template("imposter", made["fake-amzn2"])
    for number in range(4):
        template(f"spare-{number}", made["app"])
    asg.create_launch_configuration(LaunchConfigurationName="old", ImageId=made["al2023"], InstanceType="t3.micro")
    size = {"MinSize": 0, "MaxSize": 2, "DesiredCapacity": 0, "AvailabilityZones": [region + "a"]}
    asg.create_auto_scaling_group(AutoScalingGroupName="web", LaunchTemplate={
        "LaunchTemplateName": "web", "Version": "$Latest"}, **size)
    asg.create_auto_scaling_group(AutoScalingGroupName="old", LaunchConfigurationName="old", **size)
    asg.create_auto_scaling_group(AutoScalingGroupName="mixed", MixedInstancesPolicy={"LaunchTemplate": {
        "LaunchTemplateSpecification": {"LaunchTemplateName": "imposter", "Version": "1"},
        "Overrides": [{"InstanceType": "t3.micro"}, {"InstanceType": "t3.small"}]}}, **size)


def trail(lab, region, made):
    """A search by name without an owner, and what was started after it."""
    user = {"type": "AssumedRole", "arn": f"arn:aws:sts::{A}:assumed-role/deploy/ci", "accountId": A}
    name = "ubuntu/images/hvm-ssd/ubuntu-jammy-22.04-amd64-server-*"

    def event(kind, minutes, request, response=None):
        time = NOW - datetime.timedelta(hours=3, minutes=-minutes)
        record = {"eventVersion": "1.10", "userIdentity": user, "eventTime": lab_server.stamp(time, False),
                  "eventSource": "ec2.amazonaws.com", "eventName": kind, "awsRegion": region,
                  "userAgent": "APN/1.0 HashiCorp/1.0 Terraform/1.9.8", "requestParameters": request,
                  "responseElements": response, "eventType": "AwsApiCall", "recipientAccountId": A}
        return {"EventId": f"{kind}-{minutes}", "EventName": kind, "EventTime": time.timestamp(), "Username": "ci",
                "EventSource": "ec2.amazonaws.com", "CloudTrailEvent": json.dumps(record)}

    def search(filters, owners):
        items = [{"name": k, "valueSet": {"items": [{"value": v}]}} for k, v in filters]
        return {"filterSet": {"items": items}, "ownersSet": {"items": [{"owner": o} for o in owners]},
                "imagesSet": {}, "executableBySet": {}}
    started = next(i for i, one in lab.truth["instances"][region].items() if one["image"] == made["fake-ubuntu"])
    lab.world.events[A, region] = [
        event("DescribeImages", 0, search([("name", name)], [])),
        event("RunInstances", 2, {"instancesSet": {"items": [{"imageId": made["fake-ubuntu"]}]}},
              {"instancesSet": {"items": [{"instanceId": started, "imageId": made["fake-ubuntu"]}]}}),
        event("DescribeImages", 10, search([("name", name)], [CANONICAL])),
    ]


def build(lab):
    role(lab, A)
    role(lab, B)
    for region in REGIONS:
        settings(lab, region)
        made = images(lab, region)
        runs(lab, region, made)
        latent(lab, region, made)
        trail(lab, region, made)
        # Account B runs little. In one region it may not ask for the metadata of instances: an image that is gone there
        # is known to nobody.
        lab.instance(B, region, made["golden"], "builder")
        lab.instance(B, region, made["al2023"], "builder-base", ["imdsv1"])
        lost = "ami-" + "0" * 16 + str(REGIONS.index(region))
        if region == "ap-southeast-2":
            lab.world.denied.add((B, region, "DescribeInstanceImageMetadata"))
            lab.instance(B, region, lost, "lost", klass="no-information")
            lab.truth["images"][region][lost] = {"key": "lost", "name": None, "owner": None, "class": "no-information",
                                                 "flags": []}


def export(lab, account, out):
    """By the script, as a user would."""
    script = pathlib.Path(__file__).resolve().parents[2] / "examples" / "export-aws.sh"
    key = lab.keys[account]
    path = os.environ["PATH"]
    if "AWS_CLI" in os.environ:
        path = str(pathlib.Path(os.environ["AWS_CLI"]).resolve().parent) + ":" + path
    environment = {"PATH": path, "HOME": str(out), "AWS_CONFIG_FILE": "/dev/null", "AWS_ENDPOINT_URL": lab.url,
                   "AWS_EC2_METADATA_DISABLED": "true", "AWS_MAX_ATTEMPTS": "1",
                   "AWS_ACCESS_KEY_ID": key["AccessKeyId"],
                   "AWS_SECRET_ACCESS_KEY": key["SecretAccessKey"], "AWS_SESSION_TOKEN": key["SessionToken"],
                   "AWS_DEFAULT_REGION": REGIONS[0]}
    done = subprocess.run([script, "--regions", ",".join(REGIONS), "--ancestry", "--cloudtrail", "7", out], env=environment)
    # moto lacks some calls, and one is denied: 4 says that the manifest names them.
    if done.returncode not in (0, 4):
        sys.exit(f"lab.py: the export of {account} ended with {done.returncode}")


def main(arguments):
    if len(arguments) != 1:
        print(__doc__, file=sys.stderr)
        return 2
    out = pathlib.Path(arguments[0]).resolve()
    if (out / "export").exists():
        sys.exit(f"lab.py: {out}/export is there already")
    out.mkdir(parents=True, exist_ok=True)
    lab = Lab()
    build(lab)
    (out / "truth.json").write_text(json.dumps(lab.truth, indent=1, sort_keys=True) + "\n")
    for account in (A, B):
        export(lab, account, out / "export")
    lab.server.stop()
    print(out / "export")
    print(out / "truth.json")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
