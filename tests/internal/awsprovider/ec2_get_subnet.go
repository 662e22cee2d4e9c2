package awsprovider

import (
	"context"
	"errors"

	"github.com/aws/aws-sdk-go-v2/service/ec2"
)

type subnetArguments struct {
	ID *string `pulumi:"id,optional"`
}

type subnetResult struct {
	ID                  string `pulumi:"id"`
	Arn                 string `pulumi:"arn"`
	AvailabilityZone    string `pulumi:"availabilityZone"`
	AvailabilityZoneID  string `pulumi:"availabilityZoneId"`
	CidrBlock           string `pulumi:"cidrBlock"`
	DefaultForAz        bool   `pulumi:"defaultForAz"`
	MapPublicIPOnLaunch bool   `pulumi:"mapPublicIpOnLaunch"`
	State               string `pulumi:"state"`
	VpcID               string `pulumi:"vpcId"`
}

// The program looks a subnet up by its id alone.
var ec2GetSubnet = &function[subnetArguments, subnetResult]{
	Token: "aws:ec2/getSubnet:getSubnet",
	Call:  lookUpSubnet,
}

func lookUpSubnet(ctx context.Context, client *api, in *subnetArguments) (*subnetResult, error) {
	found, err := client.EC2.DescribeSubnets(ctx, &ec2.DescribeSubnetsInput{SubnetIds: []string{deref(in.ID)}})
	if err != nil {
		return nil, err
	}
	if len(found.Subnets) != 1 {
		return nil, errors.New("no matching EC2 Subnet found")
	}
	subnet := found.Subnets[0]
	return &subnetResult{
		ID:                  deref(subnet.SubnetId),
		Arn:                 deref(subnet.SubnetArn),
		AvailabilityZone:    deref(subnet.AvailabilityZone),
		AvailabilityZoneID:  deref(subnet.AvailabilityZoneId),
		CidrBlock:           deref(subnet.CidrBlock),
		DefaultForAz:        deref(subnet.DefaultForAz),
		MapPublicIPOnLaunch: deref(subnet.MapPublicIpOnLaunch),
		State:               string(subnet.State),
		VpcID:               deref(subnet.VpcId),
	}, nil
}
