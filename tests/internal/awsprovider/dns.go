package awsprovider

import (
	"context"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/route53"
	"github.com/aws/aws-sdk-go-v2/service/route53/types"
)

// hostedZones are all zones of the account.
func hostedZones(ctx context.Context, client *api) ([]types.HostedZone, error) {
	var zones []types.HostedZone
	pages := route53.NewListHostedZonesPaginator(client.Route53, &route53.ListHostedZonesInput{})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		zones = append(zones, page.HostedZones...)
	}
	return zones, nil
}

// zoneID is the id of a zone as other calls take it.
func zoneID(zone types.HostedZone) string { return strings.TrimPrefix(deref(zone.Id), "/hostedzone/") }

// isPrivate tells whether only networks of AWS can ask a zone.
func isPrivate(zone types.HostedZone) bool { return zone.Config != nil && zone.Config.PrivateZone }

// dnsName is a name in the one form in which names are compared.
func dnsName(name string) string { return strings.ToLower(strings.TrimSuffix(name, ".")) }

// isWithin tells whether a name is a zone's own or below it.
func isWithin(name, zone string) bool {
	return dnsName(name) == dnsName(zone) || strings.HasSuffix(dnsName(name), "."+dnsName(zone))
}

// recordSet is the record set of a zone with a name and a type, nil if there is none.
func recordSet(ctx context.Context, client *api, zone, name, recordType string) (*types.ResourceRecordSet, error) {
	found, err := client.Route53.ListResourceRecordSets(ctx, &route53.ListResourceRecordSetsInput{
		HostedZoneId: &zone, StartRecordName: aws.String(dnsName(name) + "."), StartRecordType: types.RRType(recordType), MaxItems: aws.Int32(1),
	})
	if err != nil {
		return nil, err
	}
	for _, set := range found.ResourceRecordSets {
		if dnsName(deref(set.Name)) == dnsName(name) && string(set.Type) == recordType {
			return &set, nil
		}
	}
	return nil, nil
}

// publicAnswers are what the world reads of a name: the values in the public
// zone that is nearest to it. All zones of the emulator count as delegated.
func publicAnswers(ctx context.Context, client *api, name, recordType string) ([]string, error) {
	zones, err := hostedZones(ctx, client)
	if err != nil {
		return nil, err
	}
	var nearest *types.HostedZone
	for _, zone := range zones {
		if !isPrivate(zone) && isWithin(name, deref(zone.Name)) && (nearest == nil || len(deref(zone.Name)) > len(deref(nearest.Name))) {
			nearest = &zone
		}
	}
	if nearest == nil {
		return nil, nil
	}
	set, err := recordSet(ctx, client, zoneID(*nearest), name, recordType)
	if err != nil || set == nil {
		return nil, err
	}
	var values []string
	for _, record := range set.ResourceRecords {
		values = append(values, deref(record.Value))
	}
	return values, nil
}
