package p

import (
	"github.com/aws/aws-sdk-go/aws"
	"github.com/aws/aws-sdk-go/service/ec2"
)

func unsafe_input_above(c *ec2.EC2, name string) {
	params := &ec2.DescribeImagesInput{
		Filters: []*ec2.Filter{
			{
				Name:   aws.String("name"),
				Values: []*string{aws.String(name)},
			},
		},
	}
	c.DescribeImages(params)
}

func safe_tag_by_variable(c *ec2.EC2, tags []*string) {
	var input *ec2.DescribeImagesInput
	if tags != nil {
		key := "tag:Name"
		input = &ec2.DescribeImagesInput{Filters: []*ec2.Filter{{Name: &key, Values: tags}}}
	}
	c.DescribeImages(input)
}

func unsafe_filter_above(ctx context.Context, c *ec2.Client) {
	byName := types.Filter{Name: aws.String("name"), Values: []string{
		"integration-test*",
	}}
	input := ec2.DescribeImagesInput{Filters: []types.Filter{byName}}
	c.DescribeImages(ctx, &input)
}

func safe_ids(c *ec2.Client) { c.DescribeImages(ctx, &ec2.DescribeImagesInput{ImageIds: []string{id}}) }

func unknown_helper(c *ec2.Client) {
	filters := []*ec2.Filter{&ec2.Filter{Name: aws.String("state"), Values: []*string{aws.String("available")}}}
	filters = append(filters, createFilters()...)
	c.DescribeImages(&ec2.DescribeImagesInput{Filters: filters})
}

func unknown_wrapper(ctx context.Context, in *ec2.DescribeImagesInput) { c.inner.DescribeImages(ctx, in) }

func safe_compared(c *ec2.Client) {
	out, _ := c.DescribeImages(ctx, &ec2.DescribeImagesInput{Filters: []types.Filter{{Name: aws.String("name"), Values: []string{"x*"}}}})
	for _, image := range out.Images {
		if *image.OwnerId == wanted {
			use(image)
		}
	}
}

func decoy_mock(m *Mock) { m.EXPECT().DescribeImages(gomock.Any(), gomock.Any()).Return(nil, nil) }

func unknown_call() {
	ctx := context.Background()
	account, err := lib.StsAccount(ctx)
	c.DescribeImages(ctx, &ec2.DescribeImagesInput{Owners: []string{account}, Filters: []types.Filter{{Name: aws.String("name"), Values: []string{"x*"}}}})
}
