// Further forms of the calls in cases.ts.
const AWS = require("aws-sdk");
const { EC2 } = require("@aws-sdk/client-ec2");
const ec2 = new AWS.EC2();
const OWNERS = ["099720109477"];
async function unsafe_await(env) {
  return (await ec2.describeImages({ Filters: [{ Name: 'name', Values: ['aws-elasticbeanstalk-amzn-*'] }] }).promise()).Images;
}
async function safe_constant() { return new EC2({}).describeImages({ Owners: OWNERS, Filters: [{ Name: "name", Values: ["x*"] }] }); }
function safe_ids(id) { ec2.describeImages({ ImageIds: [id] }, function (err, data) {}); }
function unknown_owner(owner) { ec2.describeImages({ Owners: [owner], Filters: [{ Name: "name", Values: ["x*"] }] }, cb); }
function unsafe_params() {
  const params = { Filters: [] };
  params.Filters.push({ Name: "name", Values: ["x*"] });
  ec2.describeImages(params, cb);
}
function safe_params() {
  const params = { Filters: [{ Name: "name", Values: ["x*"] }] };
  params.Owners = ["self"];
  ec2.describeImages(params, cb);
}
function safe_spread() { const own = { Owners: ["self"] }; return ec2.describeImages({ ...own, Filters: [{ Name: "name", Values: ["x*"] }] }); }
function unknown_spread(more) { return ec2.describeImages({ ...more, Filters: [{ Name: "name", Values: ["x*"] }] }); }
class Registry { decoy_ecr() { return this.ecr.describeImages({ repositoryName: "x", imageIds: [{ imageTag: "y" }] }).promise(); } }
function decoy_other() { amiService.DescribeImages({ sender: this }, cookie); }
