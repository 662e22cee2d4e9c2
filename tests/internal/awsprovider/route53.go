package awsprovider

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
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
		ID:     func(in *record) string { return in.ZoneID + "_" + dnsName(in.Name) + "_" + in.Type },
		Create: createRecord,
		Read:   readRecord,
		Update: updateRecord,
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

// expandRecordName is the name in full: the official provider appends the zone's where the name does not end with it.
func expandRecordName(name, zone string) string {
	if strings.HasSuffix(dnsName(name), dnsName(zone)) {
		return dnsName(name)
	}
	return dnsName(name) + "." + dnsName(zone)
}

// find returns the name of a record in full and the set that is there under it, nil if there is none.
func (r *record) find(ctx context.Context, client *api) (string, *types.ResourceRecordSet, error) {
	zone, err := client.Route53.GetHostedZone(ctx, &route53.GetHostedZoneInput{Id: &r.ZoneID})
	if err != nil {
		return "", nil, err
	}
	name := expandRecordName(r.Name, deref(zone.HostedZone.Name))
	existing, err := recordSet(ctx, client, r.ZoneID, name, r.Type)
	return name, existing, err
}

func (r *record) change(ctx context.Context, client *api, action types.ChangeAction, set *types.ResourceRecordSet) error {
	changed, err := client.Route53.ChangeResourceRecordSets(ctx, &route53.ChangeResourceRecordSetsInput{
		HostedZoneId: &r.ZoneID,
		ChangeBatch:  &types.ChangeBatch{Changes: []types.Change{{Action: action, ResourceRecordSet: set}}},
	})
	if err != nil {
		return err
	}
	// The official provider asks until every name server has the change.
	_, err = client.Route53.GetChange(ctx, &route53.GetChangeInput{Id: changed.ChangeInfo.Id})
	return err
}

func createRecord(ctx context.Context, client *api, in *record) (string, error) {
	name, existing, err := in.find(ctx, client)
	if err != nil {
		return "", err
	}
	if deref(in.AllowOverwrite) {
		return "", in.change(ctx, client, types.ChangeActionUpsert, in.set(name))
	}
	// The emulator takes another record of the same name.
	if existing != nil {
		return "", fmt.Errorf("InvalidChangeBatch: Tried to create resource record set [name='%s.', type='%s'] "+
			"but it already exists", name, in.Type)
	}
	return "", in.change(ctx, client, types.ChangeActionCreate, in.set(name))
}

func updateRecord(ctx context.Context, client *api, _ string, _, in *record) error {
	name, _, err := in.find(ctx, client)
	if err != nil {
		return err
	}
	return in.change(ctx, client, types.ChangeActionUpsert, in.set(name))
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

func readRecord(ctx context.Context, client *api, _ string, in *record) error {
	name, observed, err := in.find(ctx, client)
	if err != nil {
		return err
	}
	if observed == nil {
		return provider.ErrNotFound
	}
	in.Fqdn = name
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
	_, existing, err := in.find(ctx, client)
	if err != nil || existing == nil {
		return err
	}
	return in.change(ctx, client, types.ChangeActionDelete, existing)
}

type zoneArguments struct {
	ZoneID string `json:"zoneId"`
}

type zone struct {
	ZoneID      string   `json:"zoneId"`
	Name        string   `json:"name"`
	NameServers []string `json:"nameServers"`
	PrivateZone bool     `json:"privateZone"`
}

// lookUpZone lists all zones and asks for tags, as the official provider does even for one whose id is known
// (terraform-provider-aws 5, internal/service/route53/zone_data_source.go).
func lookUpZone(ctx context.Context, client *api, arguments *zoneArguments) (*zone, error) {
	all, err := client.Route53.ListHostedZones(ctx, &route53.ListHostedZonesInput{})
	if err != nil {
		return nil, err
	}
	position := slices.IndexFunc(all.HostedZones, func(each types.HostedZone) bool { return zoneID(each) == arguments.ZoneID })
	if position < 0 {
		return nil, errors.New("no matching Route 53 Hosted Zone found")
	}
	found, err := client.Route53.GetHostedZone(ctx, &route53.GetHostedZoneInput{Id: &arguments.ZoneID})
	if err != nil {
		return nil, err
	}
	_, err = client.Route53.ListTagsForResource(ctx, &route53.ListTagsForResourceInput{
		ResourceType: types.TagResourceTypeHostedzone, ResourceId: &arguments.ZoneID,
	})
	result := &zone{
		ZoneID: arguments.ZoneID, Name: dnsName(deref(found.HostedZone.Name)), NameServers: []string{}, PrivateZone: isPrivate(*found.HostedZone),
	}
	if found.DelegationSet != nil {
		result.NameServers = found.DelegationSet.NameServers
	}
	return result, err
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
	all, err := client.Route53.ListHostedZones(ctx, &route53.ListHostedZonesInput{})
	if err != nil {
		return nil, err
	}
	var nearest *types.HostedZone
	for _, each := range all.HostedZones {
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
