import com.amazonaws.services.ec2.model.DescribeImagesRequest;
class Forms {
  void unsafe_variable(String name) {
    DescribeImagesRequest request = new DescribeImagesRequest();
    request.setFilters(Arrays.asList(new Filter("name", Arrays.asList(name))));
    ec2.describeImages(request);
  }
  void safe_added() {
    DescribeImagesRequest request = new DescribeImagesRequest()
        .withFilters(new Filter("virtualization-type").withValues("hvm"), new Filter("owner-id").withValues("099720109477"));
    request.withFilters(new Filter("platform").withValues("windows"));
    ec2.describeImages(request);
  }
  void unknown_parameter(DescribeImagesRequest request) { ec2.describeImages(request); }
  void safe_ids(String id) { client.describeImages(new DescribeImagesRequest().withImageIds(id)); }
  void safe_image_id(String id) { client.describeImages(new DescribeImagesRequest().withFilters(new Filter().withName("image-id").withValues(id))); }
  void decoy_mock() { when(ec2.describeImages(any(DescribeImagesRequest.class))).thenReturn(null); }
}
