package awsprovider

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"

	"mediaserver/tests/internal/provider"
)

type loadBalancerInputs struct {
	Name               string            `pulumi:"name"`
	Internal           *bool             `pulumi:"internal,optional"`
	Type               *string           `pulumi:"loadBalancerType,optional"`
	SecurityGroups     []string          `pulumi:"securityGroups,optional"`
	Subnets            []string          `pulumi:"subnets"`
	DropInvalidHeaders *bool             `pulumi:"dropInvalidHeaderFields,optional"`
	DeletionProtection *bool             `pulumi:"enableDeletionProtection,optional"`
	IdleTimeout        *int32            `pulumi:"idleTimeout,optional"`
	AccessLogs         *accessLogs       `pulumi:"accessLogs,optional"`
	Tags               map[string]string `pulumi:"tags,optional"`
}

type accessLogs struct {
	Enabled *bool   `pulumi:"enabled,optional"`
	Bucket  string  `pulumi:"bucket"`
	Prefix  *string `pulumi:"prefix,optional"`
}

type loadBalancerOutputs struct {
	Arn           string `pulumi:"arn"`
	ArnSuffix     string `pulumi:"arnSuffix"`
	DNSName       string `pulumi:"dnsName"`
	IPAddressType string `pulumi:"ipAddressType"`
	VpcID         string `pulumi:"vpcId"`
	ZoneID        string `pulumi:"zoneId"`
}

// Rules: Elastic Load Balancing API reference, CreateLoadBalancer and
// LoadBalancerAttribute.
var lbLoadBalancer = &kind[loadBalancerInputs, loadBalancerOutputs]{
	Token:   "aws:lb/loadBalancer:LoadBalancer",
	Name:    "name",
	Replace: []string{"name", "internal", "loadBalancerType"},
	Defaults: map[string]any{
		"internal": false, "loadBalancerType": "application", "idleTimeout": 60,
		"dropInvalidHeaderFields": false, "enableDeletionProtection": false,
	},
	Check:    checkLoadBalancer,
	Create:   createLoadBalancer,
	Complete: setLoadBalancerAttributes,
	Read:     readLoadBalancer,
	Update:   updateLoadBalancer,
	Delete: func(ctx context.Context, client *api, id string, _ *loadBalancerInputs, _ *loadBalancerOutputs) error {
		_, err := client.LoadBalancing.DeleteLoadBalancer(ctx, &elasticloadbalancingv2.DeleteLoadBalancerInput{LoadBalancerArn: &id})
		return err
	},
	SetTags:    setLoadBalancingTags[loadBalancerOutputs],
	RemoveTags: removeLoadBalancingTags[loadBalancerOutputs],
}

func checkLoadBalancer(in *loadBalancerInputs, problems *provider.Problems) {
	loadBalancingName.check(problems, "name", in.Name)
	if strings.HasPrefix(in.Name, "internal-") {
		problems.Refuse("name", in.Name, "must not begin with internal-")
	}
	if in.Type != nil {
		checkOneOf(problems, "loadBalancerType", *in.Type, []string{"application"})
	}
	if len(in.Subnets) < 2 {
		problems.Refuse("subnets", in.Subnets, "must be subnets in at least two availability zones")
	}
	if in.IdleTimeout != nil {
		checkRange(problems, "idleTimeout", *in.IdleTimeout, 1, 4000)
	}
}

func createLoadBalancer(ctx context.Context, client *api, in *loadBalancerInputs) (string, error) {
	scheme := types.LoadBalancerSchemeEnumInternetFacing
	if deref(in.Internal) {
		scheme = types.LoadBalancerSchemeEnumInternal
	}
	created, err := client.LoadBalancing.CreateLoadBalancer(ctx, &elasticloadbalancingv2.CreateLoadBalancerInput{
		Name:           &in.Name,
		Scheme:         scheme,
		Type:           types.LoadBalancerTypeEnumApplication,
		SecurityGroups: in.SecurityGroups,
		Subnets:        in.Subnets,
		Tags:           tagList(in.Tags, loadBalancingTag),
	})
	if err != nil {
		return "", err
	}
	return *created.LoadBalancers[0].LoadBalancerArn, nil
}

func readLoadBalancer(ctx context.Context, client *api, id string, in *loadBalancerInputs, out *loadBalancerOutputs) error {
	found, err := client.LoadBalancing.DescribeLoadBalancers(ctx,
		&elasticloadbalancingv2.DescribeLoadBalancersInput{LoadBalancerArns: []string{id}})
	if err != nil {
		return err
	}
	if len(found.LoadBalancers) == 0 {
		return provider.ErrNotFound
	}
	observed := found.LoadBalancers[0]
	internal, loadBalancerType := observed.Scheme == types.LoadBalancerSchemeEnumInternal, string(observed.Type)
	if importing := in.Name == ""; importing {
		in.Internal, in.Type = &internal, &loadBalancerType
	}
	observeRequired(&in.Name, observed.LoadBalancerName)
	provider.Observe(&in.Internal, &internal)
	observeSet(&in.SecurityGroups, observed.SecurityGroups)
	var subnets []string
	for _, zone := range observed.AvailabilityZones {
		subnets = append(subnets, deref(zone.SubnetId))
	}
	observeSet(&in.Subnets, subnets)

	out.Arn, out.ArnSuffix = id, id[strings.Index(id, ":loadbalancer/")+len(":loadbalancer/"):]
	out.DNSName, out.ZoneID = deref(observed.DNSName), deref(observed.CanonicalHostedZoneId)
	out.VpcID, out.IPAddressType = deref(observed.VpcId), string(observed.IpAddressType)

	attributes, err := client.LoadBalancing.DescribeLoadBalancerAttributes(ctx,
		&elasticloadbalancingv2.DescribeLoadBalancerAttributesInput{LoadBalancerArn: &id})
	if err != nil {
		return err
	}
	for _, attribute := range attributes.Attributes {
		switch deref(attribute.Key) {
		case dropInvalidHeadersKey:
			observeBool(&in.DropInvalidHeaders, attribute.Value)
		case deletionProtectionKey:
			observeBool(&in.DeletionProtection, attribute.Value)
		case idleTimeoutKey:
			observeInt(&in.IdleTimeout, attribute.Value)
		}
	}
	return observeLoadBalancingTags(ctx, client, id, &in.Tags)
}

func updateLoadBalancer(ctx context.Context, client *api, id string, old, in *loadBalancerInputs, _ *loadBalancerOutputs) error {
	if !slices.Equal(old.SecurityGroups, in.SecurityGroups) {
		if _, err := client.LoadBalancing.SetSecurityGroups(ctx, &elasticloadbalancingv2.SetSecurityGroupsInput{
			LoadBalancerArn: &id, SecurityGroups: in.SecurityGroups,
		}); err != nil {
			return err
		}
	}
	if !slices.Equal(old.Subnets, in.Subnets) {
		if _, err := client.LoadBalancing.SetSubnets(ctx, &elasticloadbalancingv2.SetSubnetsInput{
			LoadBalancerArn: &id, Subnets: in.Subnets,
		}); err != nil {
			return err
		}
	}
	return nil
}

const (
	dropInvalidHeadersKey = "routing.http.drop_invalid_header_fields.enabled"
	deletionProtectionKey = "deletion_protection.enabled"
	idleTimeoutKey        = "idle_timeout.timeout_seconds"
	accessLogsEnabledKey  = "access_logs.s3.enabled"
	accessLogsBucketKey   = "access_logs.s3.bucket"
	accessLogsPrefixKey   = "access_logs.s3.prefix"
)

func setLoadBalancerAttributes(ctx context.Context, client *api, arn string, in *loadBalancerInputs) error {
	var attributes []types.LoadBalancerAttribute
	add := func(key, value string) {
		attributes = append(attributes, types.LoadBalancerAttribute{Key: &key, Value: &value})
	}
	if in.DropInvalidHeaders != nil {
		add(dropInvalidHeadersKey, strconv.FormatBool(*in.DropInvalidHeaders))
	}
	if in.DeletionProtection != nil {
		add(deletionProtectionKey, strconv.FormatBool(*in.DeletionProtection))
	}
	if in.IdleTimeout != nil {
		add(idleTimeoutKey, strconv.Itoa(int(*in.IdleTimeout)))
	}
	if in.AccessLogs != nil {
		add(accessLogsEnabledKey, strconv.FormatBool(deref(in.AccessLogs.Enabled)))
		add(accessLogsBucketKey, in.AccessLogs.Bucket)
		add(accessLogsPrefixKey, deref(in.AccessLogs.Prefix))
	} else {
		add(accessLogsEnabledKey, "false")
	}
	if len(attributes) == 0 {
		return nil
	}
	_, err := client.LoadBalancing.ModifyLoadBalancerAttributes(ctx, &elasticloadbalancingv2.ModifyLoadBalancerAttributesInput{
		LoadBalancerArn: &arn, Attributes: attributes,
	})
	return err
}
