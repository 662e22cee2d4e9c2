package awsprovider

import (
	"context"
	"errors"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/route53"
	"github.com/aws/aws-sdk-go-v2/service/route53/types"
)

type zoneArguments struct {
	ZoneID string `pulumi:"zoneId"`
}

type zoneResult struct {
	ID                     string            `pulumi:"id"`
	Arn                    string            `pulumi:"arn"`
	CallerReference        string            `pulumi:"callerReference"`
	Comment                string            `pulumi:"comment"`
	Name                   string            `pulumi:"name"`
	NameServers            []string          `pulumi:"nameServers"`
	PrimaryNameServer      string            `pulumi:"primaryNameServer"`
	PrivateZone            bool              `pulumi:"privateZone"`
	ResourceRecordSetCount int32             `pulumi:"resourceRecordSetCount"`
	Tags                   map[string]string `pulumi:"tags"`
	ZoneID                 string            `pulumi:"zoneId"`
}

// The official provider lists all zones, also for one whose id is known
// (terraform-provider-aws 5, internal/service/route53/zone_data_source.go).
var route53GetZone = &function[zoneArguments, zoneResult]{
	Token: "aws:route53/getZone:getZone",
	Call:  lookUpZone,
}

func lookUpZone(ctx context.Context, client *api, in *zoneArguments) (*zoneResult, error) {
	zones, err := hostedZones(ctx, client)
	if err != nil {
		return nil, err
	}
	for _, zone := range zones {
		if zoneID(zone) != in.ZoneID {
			continue
		}
		found, err := client.Route53.GetHostedZone(ctx, &route53.GetHostedZoneInput{Id: &in.ZoneID})
		if err != nil {
			return nil, err
		}
		tags, err := client.Route53.ListTagsForResource(ctx, &route53.ListTagsForResourceInput{
			ResourceType: types.TagResourceTypeHostedzone, ResourceId: &in.ZoneID,
		})
		if err != nil {
			return nil, err
		}
		result := &zoneResult{
			ID: in.ZoneID, ZoneID: in.ZoneID,
			Arn:             "arn:" + partitionOf(client.region).Partition + ":route53:::hostedzone/" + in.ZoneID,
			CallerReference: deref(zone.CallerReference),
			Name:            strings.TrimSuffix(deref(zone.Name), "."),
			NameServers:     []string{},
			PrivateZone:     isPrivate(zone),
			Tags:            tagMap(tags.ResourceTagSet.Tags, func(tag types.Tag) (*string, *string) { return tag.Key, tag.Value }),
		}
		if found.DelegationSet != nil && len(found.DelegationSet.NameServers) > 0 {
			result.NameServers, result.PrimaryNameServer = found.DelegationSet.NameServers, found.DelegationSet.NameServers[0]
		}
		result.ResourceRecordSetCount = int32(deref(zone.ResourceRecordSetCount))
		if zone.Config != nil {
			result.Comment = deref(zone.Config.Comment)
		}
		return result, nil
	}
	return nil, errors.New("no matching Route 53 Hosted Zone found")
}
