# Further forms of the searches in ../cases.tf.
variable "owner_list" { default = [] }
variable "family" {}
variable "use_own" { default = true }
locals {
  base   = ["self"]
  owners = concat(local.base, ["amazon"])
  by_os = {
    debian = { owner = "136693071363", name = "debian-12-*" }
    ubuntu = { owner = "099720109477", name = "ubuntu/images/*" }
  }
}
data "aws_ami" "safe_concat" {
  most_recent = true
  owners      = local.owners
  name_regex  = "x"
}
data "aws_ami" "safe_each" {
  for_each    = local.by_os
  most_recent = true
  owners      = [each.value.owner]
  filter {
    name   = "name"
    values = [each.value.name]
  }
}
data "aws_ami" "safe_by_key_from_elsewhere" {
  most_recent = true
  owners      = [local.by_os[var.family].owner]
  name_regex  = "x"
}
data "aws_ami" "unsafe_empty_default" {
  most_recent = true
  owners      = length(var.owner_list) > 0 ? var.owner_list : null
  name_regex  = "x"
}
data "aws_ami" "unsafe_one_arm" {
  most_recent = true
  owners      = var.use_own ? ["self"] : null
  name_regex  = "x"
}
data "aws_ami" "safe_name_of_parts" {
  most_recent = true
  owners      = ["self"]
  filter {
    name   = "name"
    values = ["${var.family}-*"]
  }
}
data "aws_ami" "unsafe_name_of_parts" {
  most_recent = true
  filter {
    name   = "name"
    values = ["bottlerocket-aws-k8s-${var.family}-x86_64-*"]
  }
}
data "aws_ami" "safe_marketplace_product" {
  most_recent = true
  owners      = ["aws-marketplace"]
  filter {
    name   = "product-code"
    values = ["aw0evgkw8e5c1q413zgy5pjce"]
  }
}
data "aws_ami" "safe_dynamic_condition" {
  most_recent = true
  owners      = ["self"]
  dynamic "filter" {
    for_each = var.family != "" ? [1] : []
    content {
      name   = "name"
      values = ["x"]
    }
  }
}
data "aws_ami" "unknown_dynamic" {
  most_recent = true
  dynamic "filter" {
    for_each = var.family
    content {
      name   = filter.value.name
      values = filter.value.values
    }
  }
}
data "aws_ssm_parameter" "password" {
  name = "/app/db/password"
}
data "aws_iam_policy_document" "x" {}
