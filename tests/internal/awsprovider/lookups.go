package awsprovider

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/aws-sdk-go-v2/service/sts"
)

// partition is a family of regions.
type partition struct {
	ID               string `pulumi:"id"`
	Partition        string `pulumi:"partition"`
	DNSSuffix        string `pulumi:"dnsSuffix"`
	ReverseDNSPrefix string `pulumi:"reverseDnsPrefix"`
}

// partitionOf is the partition of a region.
func partitionOf(region string) partition {
	switch {
	case strings.HasPrefix(region, "cn-"):
		return partition{"aws-cn", "aws-cn", "amazonaws.com.cn", "cn.com.amazonaws"}
	case strings.HasPrefix(region, "us-gov-"):
		return partition{"aws-us-gov", "aws-us-gov", "amazonaws.com", "com.amazonaws"}
	default:
		return partition{"aws", "aws", "amazonaws.com", "com.amazonaws"}
	}
}

var getPartition = &function[none, partition]{
	Token: "aws:index/getPartition:getPartition",
	Call: func(_ context.Context, client *api, _ *none) (*partition, error) {
		found := partitionOf(client.region)
		return &found, nil
	},
}

type regionResult struct {
	ID       string `pulumi:"id"`
	Name     string `pulumi:"name"`
	Endpoint string `pulumi:"endpoint"`
}

var getRegion = &function[none, regionResult]{
	Token: "aws:index/getRegion:getRegion",
	Call: func(_ context.Context, client *api, _ *none) (*regionResult, error) {
		return &regionResult{
			ID:       client.region,
			Name:     client.region,
			Endpoint: "ec2." + client.region + "." + partitionOf(client.region).DNSSuffix,
		}, nil
	},
}

type identityResult struct {
	ID        string `pulumi:"id"`
	AccountID string `pulumi:"accountId"`
	Arn       string `pulumi:"arn"`
	UserID    string `pulumi:"userId"`
}

var getCallerIdentity = &function[none, identityResult]{
	Token: "aws:index/getCallerIdentity:getCallerIdentity",
	Call: func(ctx context.Context, client *api, _ *none) (*identityResult, error) {
		found, err := client.sts.GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
		if err != nil {
			return nil, err
		}
		return &identityResult{
			ID: deref(found.Account), AccountID: deref(found.Account), Arn: deref(found.Arn), UserID: deref(found.UserId),
		}, nil
	},
}

// lookupFilter is a filter as the EC2 API defines it for what is looked up.
type lookupFilter struct {
	Name   string   `pulumi:"name"`
	Values []string `pulumi:"values"`
}

func ec2Filters(filters []lookupFilter) []types.Filter {
	var converted []types.Filter
	for _, filter := range filters {
		converted = append(converted, types.Filter{Name: &filter.Name, Values: filter.Values})
	}
	return converted
}

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

var getVpc = &function[vpcArguments, vpcResult]{
	Token: "aws:ec2/getVpc:getVpc",
	Call: func(ctx context.Context, client *api, in *vpcArguments) (*vpcResult, error) {
		request := &ec2.DescribeVpcsInput{Filters: ec2Filters(in.Filters)}
		if in.ID != nil {
			request.VpcIds = []string{*in.ID}
		}
		if in.Default != nil {
			request.Filters = append(request.Filters, types.Filter{
				Name: aws.String("is-default"), Values: []string{fmt.Sprint(*in.Default)},
			})
		}
		found, err := client.ec2.DescribeVpcs(ctx, request)
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
	},
}

type subnetsArguments struct {
	Filters []lookupFilter `pulumi:"filters,optional"`
}

type subnetsResult struct {
	ID  string   `pulumi:"id"`
	IDs []string `pulumi:"ids"`
}

var getSubnets = &function[subnetsArguments, subnetsResult]{
	Token: "aws:ec2/getSubnets:getSubnets",
	Call: func(ctx context.Context, client *api, in *subnetsArguments) (*subnetsResult, error) {
		result := &subnetsResult{ID: client.region, IDs: []string{}}
		pages := ec2.NewDescribeSubnetsPaginator(client.ec2, &ec2.DescribeSubnetsInput{Filters: ec2Filters(in.Filters)})
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
	},
}

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
	Call: func(ctx context.Context, client *api, in *zonesArguments) (*zonesResult, error) {
		filters := ec2Filters(in.Filters)
		if in.State != nil {
			filters = append(filters, types.Filter{Name: aws.String("state"), Values: []string{*in.State}})
		}
		found, err := client.ec2.DescribeAvailabilityZones(ctx, &ec2.DescribeAvailabilityZonesInput{Filters: filters})
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
	},
}
