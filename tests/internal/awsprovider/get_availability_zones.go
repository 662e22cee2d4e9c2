package awsprovider

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
)

type zonesArguments struct {
	State   *string        `pulumi:"state,optional"`
	Filters []lookupFilter `pulumi:"filters,optional"`
}

type zonesResult struct {
	ID         string   `pulumi:"id"`
	Names      []string `pulumi:"names"`
	ZoneIDs    []string `pulumi:"zoneIds"`
	GroupNames []string `pulumi:"groupNames"`
	State      *string  `pulumi:"state"`
}

var getAvailabilityZones = &function[zonesArguments, zonesResult]{
	Token: "aws:index/getAvailabilityZones:getAvailabilityZones",
	Call:  lookUpAvailabilityZones,
}

func lookUpAvailabilityZones(ctx context.Context, client *api, in *zonesArguments) (*zonesResult, error) {
	filters := ec2Filters(in.Filters)
	if in.State != nil {
		filters = append(filters, types.Filter{Name: aws.String("state"), Values: []string{*in.State}})
	}
	found, err := client.EC2.DescribeAvailabilityZones(ctx, &ec2.DescribeAvailabilityZonesInput{Filters: filters})
	if err != nil {
		return nil, err
	}
	result := &zonesResult{ID: client.region, Names: []string{}, ZoneIDs: []string{}, GroupNames: []string{}, State: in.State}
	for _, zone := range found.AvailabilityZones {
		result.Names = append(result.Names, deref(zone.ZoneName))
		result.ZoneIDs = append(result.ZoneIDs, deref(zone.ZoneId))
		result.GroupNames = append(result.GroupNames, deref(zone.GroupName))
	}
	return result, nil
}
