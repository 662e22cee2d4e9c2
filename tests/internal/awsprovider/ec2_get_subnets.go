package awsprovider

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/service/ec2"
)

type subnetsArguments struct {
	Filters []lookupFilter `pulumi:"filters,optional"`
}

type subnetsResult struct {
	ID  string   `pulumi:"id"`
	IDs []string `pulumi:"ids"`
}

var ec2GetSubnets = &function[subnetsArguments, subnetsResult]{
	Token: "aws:ec2/getSubnets:getSubnets",
	Call:  lookUpSubnets,
}

func lookUpSubnets(ctx context.Context, client *api, in *subnetsArguments) (*subnetsResult, error) {
	result := &subnetsResult{ID: client.region, IDs: []string{}}
	pages := ec2.NewDescribeSubnetsPaginator(client.EC2, &ec2.DescribeSubnetsInput{Filters: ec2Filters(in.Filters)})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		for _, subnet := range page.Subnets {
			result.IDs = append(result.IDs, deref(subnet.SubnetId))
		}
	}
	return result, nil
}
