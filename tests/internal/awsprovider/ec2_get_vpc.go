package awsprovider

import (
	"context"
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
)

type vpcArguments struct {
	Default *bool          `pulumi:"default,optional"`
	ID      *string        `pulumi:"id,optional"`
	Filters []lookupFilter `pulumi:"filters,optional"`
}

type vpcResult struct {
	ID              string            `pulumi:"id"`
	Arn             string            `pulumi:"arn"`
	CidrBlock       string            `pulumi:"cidrBlock"`
	Default         bool              `pulumi:"default"`
	DhcpOptionsID   string            `pulumi:"dhcpOptionsId"`
	InstanceTenancy string            `pulumi:"instanceTenancy"`
	OwnerID         string            `pulumi:"ownerId"`
	State           string            `pulumi:"state"`
	Tags            map[string]string `pulumi:"tags"`
}

var ec2GetVpc = &function[vpcArguments, vpcResult]{
	Token: "aws:ec2/getVpc:getVpc",
	Call:  lookUpVpc,
}

func lookUpVpc(ctx context.Context, client *api, in *vpcArguments) (*vpcResult, error) {
	request := &ec2.DescribeVpcsInput{Filters: ec2Filters(in.Filters)}
	if in.ID != nil {
		request.VpcIds = []string{*in.ID}
	}
	if in.Default != nil {
		request.Filters = append(request.Filters, types.Filter{
			Name: aws.String("is-default"), Values: []string{fmt.Sprint(*in.Default)},
		})
	}
	found, err := client.EC2.DescribeVpcs(ctx, request)
	if err != nil {
		return nil, err
	}
	switch len(found.Vpcs) {
	case 0:
		return nil, errors.New("no matching EC2 VPC found")
	case 1:
	default:
		return nil, errors.New("multiple EC2 VPCs matched; use additional constraints to reduce matches to a single EC2 VPC")
	}
	vpc := found.Vpcs[0]
	return &vpcResult{
		ID: deref(vpc.VpcId),
		Arn: fmt.Sprintf("arn:%s:ec2:%s:%s:vpc/%s",
			partitionOf(client.region).Partition, client.region, deref(vpc.OwnerId), deref(vpc.VpcId)),
		CidrBlock:       deref(vpc.CidrBlock),
		Default:         deref(vpc.IsDefault),
		DhcpOptionsID:   deref(vpc.DhcpOptionsId),
		InstanceTenancy: string(vpc.InstanceTenancy),
		OwnerID:         deref(vpc.OwnerId),
		State:           string(vpc.State),
		Tags:            tagMap(vpc.Tags, func(tag types.Tag) (*string, *string) { return tag.Key, tag.Value }),
	}, nil
}
