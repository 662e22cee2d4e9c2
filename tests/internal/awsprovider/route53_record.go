package awsprovider

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/aws-sdk-go-v2/service/route53"
	"github.com/aws/aws-sdk-go-v2/service/route53/types"

	"mediaserver/tests/internal/provider"
)

type recordInputs struct {
	ZoneID         string        `pulumi:"zoneId"`
	Name           string        `pulumi:"name"`
	Type           string        `pulumi:"type"`
	TTL            *int32        `pulumi:"ttl,optional"`
	Records        []string      `pulumi:"records,optional"`
	Aliases        []recordAlias `pulumi:"aliases,optional"`
	AllowOverwrite *bool         `pulumi:"allowOverwrite,optional"`
}

type recordAlias struct {
	Name                 string `pulumi:"name"`
	ZoneID               string `pulumi:"zoneId"`
	EvaluateTargetHealth bool   `pulumi:"evaluateTargetHealth"`
}

type recordOutputs struct {
	Fqdn string `pulumi:"fqdn"`
}

// The target of an alias (terraform-provider-aws, internal/service/route53/record.go, resourceRecord).
var (
	aliasName = textRule{1, 1024, nil, ""}
	aliasZone = textRule{1, 32, nil, ""}
)

// Rules: Amazon Route 53 API reference, ChangeResourceRecordSets, and developer
// guide, "Choosing between alias and non-alias records"; terraform-provider-aws,
// internal/service/route53/record.go.
var route53Record = &kind[recordInputs, recordOutputs]{
	Token:   "aws:route53/record:Record",
	Replace: []string{"zoneId", "name"},
	Check:   checkRecord,
	Create:  createRecord,
	Read:    readRecord,
	Update:  updateRecord,
	Delete:  deleteRecord,
}

func recordID(in *recordInputs) string { return in.ZoneID + "_" + dnsName(in.Name) + "_" + in.Type }

func checkRecord(in *recordInputs, problems *provider.Problems) {
	checkOneOf(problems, "type", in.Type, []string{"A", "AAAA", "CNAME", "TXT"})
	if in.ZoneID == "" {
		problems.Refuse("zoneId", in.ZoneID, "must be the id of a hosted zone")
	}
	if !problems.Known("aliases", "records") {
		return
	}
	for i, alias := range in.Aliases {
		path := "aliases[" + strconv.Itoa(i) + "]"
		aliasName.check(problems, path+".name", alias.Name)
		aliasZone.check(problems, path+".zoneId", alias.ZoneID)
	}
	if (len(in.Aliases) == 1) == (len(in.Records) > 0) || len(in.Aliases) > 1 {
		problems.Refuse("records", in.Records, "must be stated where there is no alias, and one alias where there are no records")
	}
	if len(in.Aliases) > 0 && in.TTL != nil {
		problems.Refuse("ttl", *in.TTL, "must not be stated for an alias")
	}
	if len(in.Records) > 0 && in.TTL == nil {
		problems.Refuse("ttl", "", "must be stated with records")
	}
	if in.Type == "CNAME" && len(in.Records) > 1 {
		problems.Refuse("records", in.Records, "must be one record for a CNAME")
	}
}

// expandRecordName is the name in full: the official provider appends the zone's
// where the name does not end with it.
func expandRecordName(name, zone string) string {
	if strings.HasSuffix(dnsName(name), dnsName(zone)) {
		return dnsName(name)
	}
	return dnsName(name) + "." + dnsName(zone)
}

func createRecord(ctx context.Context, client *api, in *recordInputs) (string, error) {
	action := types.ChangeActionCreate
	if deref(in.AllowOverwrite) {
		action = types.ChangeActionUpsert
	}
	return recordID(in), changeRecord(ctx, client, action, in)
}

// changeRecord makes the change, in one batch with those before it.
func changeRecord(ctx context.Context, client *api, action types.ChangeAction, in *recordInputs, before ...types.Change) error {
	zone, err := client.Route53.GetHostedZone(ctx, &route53.GetHostedZoneInput{Id: &in.ZoneID})
	if err != nil {
		return err
	}
	name := expandRecordName(in.Name, deref(zone.HostedZone.Name))
	if !isWithin(name, deref(zone.HostedZone.Name)) {
		return fmt.Errorf("InvalidChangeBatch: RRSet with DNS name %s. is not permitted in zone %s", name, deref(zone.HostedZone.Name))
	}
	if err := checkAgainstZone(ctx, client, action, in, name, before); err != nil {
		return err
	}
	set := in.set(name)
	for _, alias := range in.Aliases {
		if err := checkAliasTarget(ctx, client, alias); err != nil {
			return err
		}
	}
	changed, err := client.Route53.ChangeResourceRecordSets(ctx, &route53.ChangeResourceRecordSetsInput{
		HostedZoneId: &in.ZoneID,
		ChangeBatch:  &types.ChangeBatch{Changes: append(before, types.Change{Action: action, ResourceRecordSet: set})},
	})
	if err != nil {
		return err
	}
	// The official provider asks until every name server has the change.
	_, err = client.Route53.GetChange(ctx, &route53.GetChangeInput{Id: changed.ChangeInfo.Id})
	return err
}

// set is the record set with a name in full.
func (in *recordInputs) set(name string) *types.ResourceRecordSet {
	set := &types.ResourceRecordSet{Name: aws.String(name + "."), Type: types.RRType(in.Type)}
	if in.TTL != nil {
		set.TTL = aws.Int64(int64(*in.TTL))
	}
	for _, value := range in.Records {
		set.ResourceRecords = append(set.ResourceRecords, types.ResourceRecord{Value: &value})
	}
	for _, alias := range in.Aliases {
		set.AliasTarget = &types.AliasTarget{DNSName: &alias.Name, HostedZoneId: &alias.ZoneID, EvaluateTargetHealth: alias.EvaluateTargetHealth}
	}
	return set
}

// checkAgainstZone refuses what is there already, and a CNAME beside anything else
// that the changes before it leave.
func checkAgainstZone(ctx context.Context, client *api, action types.ChangeAction, in *recordInputs, name string, before []types.Change) error {
	existing, err := recordSet(ctx, client, in.ZoneID, name, in.Type)
	if err != nil {
		return err
	}
	if existing != nil && action == types.ChangeActionCreate {
		return fmt.Errorf("InvalidChangeBatch: Tried to create resource record set [name='%s.', type='%s'] but it already exists", name, in.Type)
	}
	for _, other := range []string{"A", "AAAA", "CNAME", "TXT"} {
		deleted := slices.ContainsFunc(before, func(change types.Change) bool { return string(change.ResourceRecordSet.Type) == other })
		if deleted || other == in.Type || other != "CNAME" && in.Type != "CNAME" {
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
func checkAliasTarget(ctx context.Context, client *api, alias recordAlias) error {
	balancers, err := client.LoadBalancing.DescribeLoadBalancers(ctx, &elasticloadbalancingv2.DescribeLoadBalancersInput{})
	if err != nil {
		return err
	}
	for _, balancer := range balancers.LoadBalancers {
		if dnsName(deref(balancer.DNSName)) == dnsName(alias.Name) && deref(balancer.CanonicalHostedZoneId) == alias.ZoneID {
			return nil
		}
	}
	return fmt.Errorf("InvalidChangeBatch: Tried to create an alias that targets %s, type A in zone %s, but that target was not found",
		alias.Name, alias.ZoneID)
}

func readRecord(ctx context.Context, client *api, id string, in *recordInputs, out *recordOutputs) error {
	if importing := in.Name == ""; importing {
		parts := strings.Split(id, "_")
		in.ZoneID, in.Name, in.Type = parts[0], strings.Join(parts[1:len(parts)-1], "_"), parts[len(parts)-1]
	}
	zone, err := client.Route53.GetHostedZone(ctx, &route53.GetHostedZoneInput{Id: &in.ZoneID})
	if err != nil {
		return err
	}
	out.Fqdn = expandRecordName(in.Name, deref(zone.HostedZone.Name))
	observed, err := recordSet(ctx, client, in.ZoneID, out.Fqdn, in.Type)
	if err != nil {
		return err
	}
	if observed == nil {
		return provider.ErrNotFound
	}
	var values []string
	for _, record := range observed.ResourceRecords {
		values = append(values, deref(record.Value))
	}
	observeSet(&in.Records, values)
	in.TTL = nil
	if len(values) > 0 {
		in.TTL = aws.Int32(int32(deref(observed.TTL)))
	}
	var aliases []recordAlias
	if target := observed.AliasTarget; target != nil {
		aliases = []recordAlias{{Name: dnsName(deref(target.DNSName)), ZoneID: deref(target.HostedZoneId), EvaluateTargetHealth: target.EvaluateTargetHealth}}
	}
	same := slices.EqualFunc(in.Aliases, aliases, func(had, has recordAlias) bool {
		had.Name = dnsName(had.Name)
		return had == has
	})
	if !same {
		in.Aliases = aliases
	}
	return nil
}

// updateRecord gives a record of another type in exchange for the old one in one
// batch, as the official provider does, and Route 53 refuses the whole where the
// old one is gone (terraform-provider-aws, internal/service/route53/record.go,
// resourceRecordUpdate).
func updateRecord(ctx context.Context, client *api, _ string, old, in *recordInputs, out *recordOutputs) error {
	if old.Type == in.Type {
		return changeRecord(ctx, client, types.ChangeActionUpsert, in)
	}
	existing, err := recordSet(ctx, client, old.ZoneID, out.Fqdn, old.Type)
	if err != nil {
		return err
	}
	if existing == nil {
		return fmt.Errorf("InvalidChangeBatch: Tried to delete resource record set [name='%s.', type='%s'] but it was not found", out.Fqdn, old.Type)
	}
	return changeRecord(ctx, client, types.ChangeActionCreate, in,
		types.Change{Action: types.ChangeActionDelete, ResourceRecordSet: old.set(out.Fqdn)})
}

func deleteRecord(ctx context.Context, client *api, _ string, in *recordInputs, _ *recordOutputs) error {
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
