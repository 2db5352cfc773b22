source "amazon-ebs" "safe" {
  source_ami_filter {
    filters     = { name = "ubuntu/images/*" }
    owners      = ["099720109477"]
    most_recent = true
  }
}
source "amazon-ebs" "info_owner_inside_filters" { # packer stops: owners must be declared outside
  source_ami_filter {
    filters     = { name = "ubuntu/images/*", owners = "099720109477" }
    most_recent = true
  }
}
source "amazon-ebs" "pinned_and_public_by_build" {
  source_ami = "ami-0123456789abcdef0"
  ami_groups = ["all"]   # the image is made public
}
data "amazon-ami" "safe" {
  filters     = { name = "debian-12-amd64-*" }
  owners      = ["136693071363"]
  most_recent = true
}
