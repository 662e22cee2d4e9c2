package awsprovider

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/aws-sdk-go-v2/service/route53"
	"github.com/aws/aws-sdk-go-v2/service/route53/types"

	"mediaserver/tests/internal/provider"
)

// Follows terraform-provider-aws, internal/service/route53/record.go.
var route53Kinds = kinds{
	&kind[record]{
		Token: "aws:route53/record:Record",
		// The id is ZONE_NAME_TYPE.
		Import: func(_ context.Context, _ *api, id string, in *record) (string, error) {
			parts := strings.Split(id, "_")
			if len(parts) < 3 {
				return "", fmt.Errorf("the id of a record is ZONE_NAME_TYPE, not %q", id)
			}
			in.ZoneID, in.Name, in.Type = parts[0], strings.Join(parts[1:len(parts)-1], "_"), parts[len(parts)-1]
			return id, nil
		},
		Create: func(ctx context.Context, client *api, in *record) (string, error) {
			return "", changeRecord(ctx, client, types.ChangeActionCreate, in)
		},
		ID:   func(in *record) string { return in.ZoneID + "_" + dnsName(in.Name) + "_" + in.Type },
		Read: readRecord,
		Update: func(ctx context.Context, client *api, _ string, _, in *record) error {
			return changeRecord(ctx, client, types.ChangeActionUpsert, in)
		},
		Delete: deleteRecord,
	},
}

var route53Functions = functions{&function[zoneArguments, zone]{Token: "aws:route53/getZone:getZone", Call: lookUpZone}}

type record struct {
	// The official provider exchanges a record of another type in place, in one batch. The program's have one type.
	Type           string   `json:"type" pulumi:"replace"`
	ZoneID         string   `json:"zoneId" pulumi:"replace"`
	Name           string   `json:"name" pulumi:"replace"`
	TTL            *int32   `json:"ttl" pulumi:"watched"`
	Records        []string `json:"records"`
	Aliases        []alias  `json:"aliases"`
	AllowOverwrite *bool    `json:"allowOverwrite"`
	Fqdn           string   `json:"fqdn" pulumi:"output"`
}

type alias struct {
	DNSName              string `json:"name"`
	HostedZoneID         string `json:"zoneId"`
	EvaluateTargetHealth bool   `json:"evaluateTargetHealth"`
}

// recordTypes are the types that the program uses.
var recordTypes = []string{"A", "AAAA", "CNAME", "TXT"}

// expandRecordName is the name in full: the official provider appends the zone's where the name does not end with it.
func expandRecordName(name, zone string) string {
	if strings.HasSuffix(dnsName(name), dnsName(zone)) {
		return dnsName(name)
	}
	return dnsName(name) + "." + dnsName(zone)
}

func changeRecord(ctx context.Context, client *api, action types.ChangeAction, in *record) error {
	zone, err := client.Route53.GetHostedZone(ctx, &route53.GetHostedZoneInput{Id: &in.ZoneID})
	if err != nil {
		return err
	}
	name := expandRecordName(in.Name, deref(zone.HostedZone.Name))
	if err := checkAgainstZone(ctx, client, action, in, name); err != nil {
		return err
	}
	for _, each := range in.Aliases {
		if err := checkAliasTarget(ctx, client, each); err != nil {
			return err
		}
	}
	changed, err := client.Route53.ChangeResourceRecordSets(ctx, &route53.ChangeResourceRecordSetsInput{
		HostedZoneId: &in.ZoneID,
		ChangeBatch:  &types.ChangeBatch{Changes: []types.Change{{Action: action, ResourceRecordSet: in.set(name)}}},
	})
	if err != nil {
		return err
	}
	// The official provider asks until every name server has the change.
	_, err = client.Route53.GetChange(ctx, &route53.GetChangeInput{Id: changed.ChangeInfo.Id})
	return err
}

// set is the record set with a name in full.
func (r *record) set(name string) *types.ResourceRecordSet {
	set := expanded[types.ResourceRecordSet](r)
	set.Name = aws.String(name + ".")
	for _, value := range r.Records {
		set.ResourceRecords = append(set.ResourceRecords, types.ResourceRecord{Value: &value})
	}
	for _, each := range r.Aliases {
		set.AliasTarget = expanded[types.AliasTarget](each)
	}
	return set
}

// checkAgainstZone refuses what is there already, and a CNAME beside anything else.
func checkAgainstZone(ctx context.Context, client *api, action types.ChangeAction, in *record, name string) error {
	existing, err := recordSet(ctx, client, in.ZoneID, name, in.Type)
	if err != nil {
		return err
	}
	if existing != nil && action == types.ChangeActionCreate {
		return fmt.Errorf("InvalidChangeBatch: Tried to create resource record set [name='%s.', type='%s'] but it already exists", name, in.Type)
	}
	for _, other := range recordTypes {
		if other == in.Type || other != "CNAME" && in.Type != "CNAME" {
			continue
		}
		conflicting, err := recordSet(ctx, client, in.ZoneID, name, other)
		if err != nil {
			return err
		}
		if conflicting != nil {
			return fmt.Errorf("InvalidChangeBatch: RRSet of type %s with DNS name %s. is not permitted as it conflicts with other records with the same DNS name", in.Type, name)
		}
	}
	return nil
}

// checkAliasTarget refuses an alias of anything but a load balancer that exists.
func checkAliasTarget(ctx context.Context, client *api, target alias) error {
	balancers, err := client.LoadBalancing.DescribeLoadBalancers(ctx, &elb.DescribeLoadBalancersInput{})
	if err != nil {
		return err
	}
	for _, balancer := range balancers.LoadBalancers {
		if dnsName(deref(balancer.DNSName)) == dnsName(target.DNSName) && deref(balancer.CanonicalHostedZoneId) == target.HostedZoneID {
			return nil
		}
	}
	return fmt.Errorf("InvalidChangeBatch: Tried to create an alias that targets %s, type A in zone %s, but that target was not found",
		target.DNSName, target.HostedZoneID)
}

func readRecord(ctx context.Context, client *api, _ string, in *record) error {
	zone, err := client.Route53.GetHostedZone(ctx, &route53.GetHostedZoneInput{Id: &in.ZoneID})
	if err != nil {
		return err
	}
	in.Fqdn = expandRecordName(in.Name, deref(zone.HostedZone.Name))
	observed, err := recordSet(ctx, client, in.ZoneID, in.Fqdn, in.Type)
	if err != nil {
		return err
	}
	if observed == nil {
		return provider.ErrNotFound
	}
	in.Records, in.TTL = nil, nil
	for _, each := range observed.ResourceRecords {
		in.Records, in.TTL = append(in.Records, deref(each.Value)), aws.Int32(int32(deref(observed.TTL)))
	}
	known := in.Aliases
	in.Aliases = nil
	if observed.AliasTarget != nil {
		target := expanded[alias](observed.AliasTarget)
		target.DNSName = dnsName(target.DNSName)
		// Route 53 writes names in its own way.
		if len(known) == 1 && dnsName(known[0].DNSName) == target.DNSName {
			target.DNSName = known[0].DNSName
		}
		in.Aliases = []alias{*target}
	}
	return nil
}

func deleteRecord(ctx context.Context, client *api, _ string, in *record) error {
	zone, err := client.Route53.GetHostedZone(ctx, &route53.GetHostedZoneInput{Id: &in.ZoneID})
	if err != nil {
		return err
	}
	existing, err := recordSet(ctx, client, in.ZoneID, expandRecordName(in.Name, deref(zone.HostedZone.Name)), in.Type)
	if err != nil || existing == nil {
		return err
	}
	_, err = client.Route53.ChangeResourceRecordSets(ctx, &route53.ChangeResourceRecordSetsInput{
		HostedZoneId: &in.ZoneID,
		ChangeBatch:  &types.ChangeBatch{Changes: []types.Change{{Action: types.ChangeActionDelete, ResourceRecordSet: existing}}},
	})
	return err
}

type zoneArguments struct {
	ZoneID string `json:"zoneId"`
}

type zone struct {
	ID                     string            `json:"id"`
	Arn                    string            `json:"arn"`
	CallerReference        string            `json:"callerReference"`
	Comment                string            `json:"comment"`
	Name                   string            `json:"name"`
	NameServers            []string          `json:"nameServers"`
	PrimaryNameServer      string            `json:"primaryNameServer"`
	PrivateZone            bool              `json:"privateZone"`
	ResourceRecordSetCount int32             `json:"resourceRecordSetCount"`
	Tags                   map[string]string `json:"tags"`
	ZoneID                 string            `json:"zoneId"`
}

// lookUpZone lists all zones, as the official provider does even for one whose id is known (terraform-provider-aws 5,
// internal/service/route53/zone_data_source.go).
func lookUpZone(ctx context.Context, client *api, arguments *zoneArguments) (*zone, error) {
	all, err := hostedZones(ctx, client)
	if err != nil {
		return nil, err
	}
	position := slices.IndexFunc(all, func(each types.HostedZone) bool { return zoneID(each) == arguments.ZoneID })
	if position < 0 {
		return nil, errors.New("no matching Route 53 Hosted Zone found")
	}
	found, err := client.Route53.GetHostedZone(ctx, &route53.GetHostedZoneInput{Id: &arguments.ZoneID})
	if err != nil {
		return nil, err
	}
	tags, err := client.Route53.ListTagsForResource(ctx, &route53.ListTagsForResourceInput{
		ResourceType: types.TagResourceTypeHostedzone, ResourceId: &arguments.ZoneID,
	})
	if err != nil {
		return nil, err
	}
	listed := all[position]
	result := expanded[zone](listed)
	result.ID, result.ZoneID, result.NameServers = arguments.ZoneID, arguments.ZoneID, []string{}
	result.Arn = "arn:" + partitionOf(client.region).Partition + ":route53:::hostedzone/" + arguments.ZoneID
	result.Name, result.PrivateZone, result.Tags = strings.TrimSuffix(result.Name, "."), isPrivate(listed), tagsOf(tags.ResourceTagSet.Tags)
	if found.DelegationSet != nil && len(found.DelegationSet.NameServers) > 0 {
		result.NameServers, result.PrimaryNameServer = found.DelegationSet.NameServers, found.DelegationSet.NameServers[0]
	}
	if listed.Config != nil {
		result.Comment = deref(listed.Config.Comment)
	}
	return result, nil
}

// hostedZones are all zones of the account.
func hostedZones(ctx context.Context, client *api) ([]types.HostedZone, error) {
	var all []types.HostedZone
	pages := route53.NewListHostedZonesPaginator(client.Route53, &route53.ListHostedZonesInput{})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		all = append(all, page.HostedZones...)
	}
	return all, nil
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

// publicAnswers are what the world reads of a name: the values in the public zone that is nearest to it. All zones of
// the emulator count as delegated.
func publicAnswers(ctx context.Context, client *api, name, recordType string) ([]string, error) {
	all, err := hostedZones(ctx, client)
	if err != nil {
		return nil, err
	}
	var nearest *types.HostedZone
	for _, each := range all {
		if !isPrivate(each) && isWithin(name, deref(each.Name)) && (nearest == nil || len(deref(each.Name)) > len(deref(nearest.Name))) {
			nearest = &each
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
	for _, each := range set.ResourceRecords {
		values = append(values, deref(each.Value))
	}
	return values, nil
}
