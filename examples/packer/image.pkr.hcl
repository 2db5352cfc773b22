# Audits what Packer has built, as a raw image and as an AMI: where the audit fails, the build does.

source "qemu" "disk" {
  iso_url          = "https://cloud.debian.org/images/cloud/bookworm/latest/debian-12-genericcloud-amd64.qcow2"
  iso_checksum     = "file:https://cloud.debian.org/images/cloud/bookworm/latest/SHA512SUMS"
  disk_image       = true
  format           = "raw"
  output_directory = "output"
  vm_name          = "disk.raw"
  ssh_username     = "debian"
}

source "amazon-ebs" "ami" {
  region        = "eu-central-1"
  source_ami    = "ami-0123456789abcdef0"
  instance_type = "t3.micro"
  ssh_username  = "admin"
  ami_name      = "web-${formatdate("YYYYMMDDhhmmss", timestamp())}"
}

build {
  sources = ["source.qemu.disk", "source.amazon-ebs.ami"]

  # A disk lies in a file.
  post-processor "shell-local" {
    only   = ["qemu.disk"]
    inline = ["assay scan output/disk.raw --profile golden"]
  }

  # An AMI lies in snapshots, which coldsnap fetches (github.com/awslabs/coldsnap); the manifest says its name.
  post-processors {
    post-processor "manifest" {
      only   = ["amazon-ebs.ami"]
      output = "manifest.json"
    }
    post-processor "shell-local" {
      only = ["amazon-ebs.ami"]
      inline = [
        "set -eu",
        "ami=$(jq -r '.last_run_uuid as $run | .builds[] | select(.packer_run_uuid == $run) | .artifact_id' manifest.json)",
        "snapshot=$(aws ec2 describe-images --image-ids \"$${ami#*:}\" --query 'Images[0].BlockDeviceMappings[0].Ebs.SnapshotId' --output text)",
        "coldsnap download \"$snapshot\" ami.raw",
        "assay scan ami.raw --profile golden",
      ]
    }
  }
}
