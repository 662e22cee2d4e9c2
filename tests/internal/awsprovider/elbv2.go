package awsprovider

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
)

var elbv2Kinds = kinds{
	&kind[loadBalancer]{
		Token:  "aws:lb/loadBalancer:LoadBalancer",
		Create: createLoadBalancer,
		Complete: func(ctx context.Context, client *api, id string, in *loadBalancer) error {
			stated := attributesOf(in)
			// As the official provider does, where no access logs are stated they are turned off.
			if in.AccessLogs == nil {
				stated["access_logs.s3.enabled"] = "false"
			}
			return modifyAttributes(ctx, client, (*elb.Client).ModifyLoadBalancerAttributes, "LoadBalancerArn", id, stated)
		},
		Read:   readLoadBalancer,
		Update: updateLoadBalancer,
		Delete: remove[loadBalancer]((*elb.Client).DeleteLoadBalancer, "LoadBalancerArn"),
		Tags:   loadBalancingTags,
	},
	&kind[targetGroup]{
		Token:  "aws:lb/targetGroup:TargetGroup",
		Create: createTargetGroup,
		Complete: func(ctx context.Context, client *api, id string, in *targetGroup) error {
			return modifyAttributes(ctx, client, (*elb.Client).ModifyTargetGroupAttributes, "TargetGroupArn", id, attributesOf(in))
		},
		Read:   readTargetGroup,
		Update: updateTargetGroup,
		Delete: remove[targetGroup]((*elb.Client).DeleteTargetGroup, "TargetGroupArn"),
		Tags:   loadBalancingTags,
	},
	&kind[listener]{
		Token:  "aws:lb/listener:Listener",
		Create: createListener,
		Read:   readListener,
		Update: updateListener,
		Delete: remove[listener]((*elb.Client).DeleteListener, "ListenerArn"),
		Tags:   loadBalancingTags,
	},
}

var loadBalancingTags = tagging("", "ResourceArns", (*elb.Client).AddTags, (*elb.Client).RemoveTags,
	(*elb.Client).DescribeTags, "TagDescriptions")

// attributesOf are the properties that ELB keeps as texts, by their keys: those whose tag elb has one. What is not
// stated is left out, and an empty text is none.
func attributesOf(properties any) map[string]string {
	stated := map[string]string{}
	eachAttribute(reflect.ValueOf(properties).Elem(), func(key string, property reflect.Value) {
		if property.IsNil() {
			return
		}
		if text := fmt.Sprint(property.Elem().Interface()); text != "" {
			stated[key] = text
		}
	})
	return stated
}

// takeAttributes overwrites the properties with what ELB reports.
func takeAttributes(
	ctx context.Context, client *api, describeAttributes any, field, id string, properties any,
) error {
	answer, err := callWith(ctx, client, describeAttributes, field, id, none{})
	if err != nil {
		return err
	}
	var reported struct{ Attributes map[string]string }
	copyFields(answer, &reported)
	eachAttribute(reflect.ValueOf(properties).Elem(), func(key string, property reflect.Value) {
		if text, has := reported.Attributes[key]; has {
			value := reflect.New(property.Type().Elem())
			// What is no number and no truth value is a text.
			if json.Unmarshal([]byte(text), value.Interface()) != nil {
				value.Elem().Set(reflect.ValueOf(text))
			}
			property.Set(value)
		}
	})
	return nil
}

// eachAttribute visits the properties with a tag elb, pointers, also those in a structure that is stated.
func eachAttribute(properties reflect.Value, visit func(key string, property reflect.Value)) {
	for i := range properties.NumField() {
		property := properties.Field(i)
		if key := properties.Type().Field(i).Tag.Get("elb"); key != "" {
			visit(key, property)
		} else if property.Type() == reflect.TypeFor[*accessLogs]() && !property.IsNil() {
			eachAttribute(property.Elem(), visit)
		}
	}
}

func modifyAttributes(ctx context.Context, client *api, modify any, field, id string, stated map[string]string) error {
	if len(stated) == 0 {
		return nil
	}
	_, err := callWith(ctx, client, modify, field, id, struct{ Attributes map[string]string }{stated})
	return err
}

type loadBalancer struct {
	Name                  string            `json:"name" pulumi:"name,replace"`
	Internal              *bool             `json:"internal" pulumi:"replace" default:"false"`
	Type                  *string           `json:"loadBalancerType" pulumi:"replace" default:"application"`
	SecurityGroups        []string          `json:"securityGroups"`
	Subnets               []string          `json:"subnets"`
	DropInvalidHeaders    *bool             `json:"dropInvalidHeaderFields" default:"false" elb:"routing.http.drop_invalid_header_fields.enabled"`
	DeletionProtection    *bool             `json:"enableDeletionProtection" default:"false" elb:"deletion_protection.enabled"`
	IdleTimeout           *int32            `json:"idleTimeout" default:"60" elb:"idle_timeout.timeout_seconds"`
	AccessLogs            *accessLogs       `json:"accessLogs"`
	Tags                  map[string]string `json:"tags"`
	LoadBalancerArn       string            `json:"arn" pulumi:"output"`
	ArnSuffix             string            `json:"arnSuffix" pulumi:"output"`
	DNSName               string            `json:"dnsName" pulumi:"output"`
	CanonicalHostedZoneID string            `json:"zoneId" pulumi:"output"`
}

type accessLogs struct {
	Enabled *bool   `json:"enabled" elb:"access_logs.s3.enabled"`
	Bucket  *string `json:"bucket" elb:"access_logs.s3.bucket"`
	Prefix  *string `json:"prefix" elb:"access_logs.s3.prefix"`
}

func createLoadBalancer(ctx context.Context, client *api, in *loadBalancer) (string, error) {
	request := expanded[elb.CreateLoadBalancerInput](in)
	request.Scheme = types.LoadBalancerSchemeEnumInternetFacing
	if deref(in.Internal) {
		request.Scheme = types.LoadBalancerSchemeEnumInternal
	}
	created, err := client.LoadBalancing.CreateLoadBalancer(ctx, request)
	if err != nil {
		return "", err
	}
	return *created.LoadBalancers[0].LoadBalancerArn, nil
}

func readLoadBalancer(ctx context.Context, client *api, id string, in *loadBalancer) error {
	observed, err := describe[types.LoadBalancer](ctx, client, (*elb.Client).DescribeLoadBalancers, "LoadBalancerArns", id, "LoadBalancers")
	if err != nil {
		return err
	}
	copyFields(observed, in)
	in.Name, in.Internal = deref(observed.LoadBalancerName), new(observed.Scheme == types.LoadBalancerSchemeEnumInternal)
	in.Subnets = nil
	for _, zone := range observed.AvailabilityZones {
		in.Subnets = append(in.Subnets, deref(zone.SubnetId))
	}
	_, in.ArnSuffix, _ = strings.Cut(id, ":loadbalancer/")
	return takeAttributes(ctx, client, (*elb.Client).DescribeLoadBalancerAttributes, "LoadBalancerArn", id, in)
}

func updateLoadBalancer(ctx context.Context, client *api, id string, old, in *loadBalancer) error {
	if !slices.Equal(old.SecurityGroups, in.SecurityGroups) {
		if _, err := client.LoadBalancing.SetSecurityGroups(ctx, &elb.SetSecurityGroupsInput{
			LoadBalancerArn: &id, SecurityGroups: in.SecurityGroups,
		}); err != nil {
			return err
		}
	}
	if slices.Equal(old.Subnets, in.Subnets) {
		return nil
	}
	_, err := client.LoadBalancing.SetSubnets(ctx, &elb.SetSubnetsInput{LoadBalancerArn: &id, Subnets: in.Subnets})
	return err
}

type targetGroup struct {
	Name                string            `json:"name" pulumi:"name,replace"`
	Port                int32             `json:"port" pulumi:"replace"`
	Protocol            string            `json:"protocol" pulumi:"replace"`
	TargetType          *string           `json:"targetType" pulumi:"replace"`
	VpcID               string            `json:"vpcId" pulumi:"replace"`
	DeregistrationDelay *int32            `json:"deregistrationDelay" default:"300" elb:"deregistration_delay.timeout_seconds"`
	HealthCheck         *healthCheck      `json:"healthCheck" pulumi:"computed"`
	Tags                map[string]string `json:"tags"`
	TargetGroupArn      string            `json:"arn" pulumi:"output"`
	ArnSuffix           string            `json:"arnSuffix" pulumi:"output"`
}

type healthCheck struct {
	HealthCheckEnabled         *bool   `json:"enabled"`
	HealthCheckPath            *string `json:"path"`
	HealthCheckPort            *string `json:"port"`
	HealthCheckProtocol        *string `json:"protocol"`
	HTTPCode                   *string `json:"matcher"`
	HealthyThresholdCount      *int32  `json:"healthyThreshold"`
	UnhealthyThresholdCount    *int32  `json:"unhealthyThreshold"`
	HealthCheckIntervalSeconds *int32  `json:"interval"`
	HealthCheckTimeoutSeconds  *int32  `json:"timeout"`
}

func createTargetGroup(ctx context.Context, client *api, in *targetGroup) (string, error) {
	request := expanded[elb.CreateTargetGroupInput](in)
	if in.HealthCheck != nil {
		copyFields(in.HealthCheck, request)
		request.Matcher = in.HealthCheck.matcher()
	}
	created, err := client.LoadBalancing.CreateTargetGroup(ctx, request)
	if err != nil {
		return "", err
	}
	return *created.TargetGroups[0].TargetGroupArn, nil
}

func readTargetGroup(ctx context.Context, client *api, id string, in *targetGroup) error {
	observed, err := describe[types.TargetGroup](ctx, client, (*elb.Client).DescribeTargetGroups, "TargetGroupArns", id, "TargetGroups")
	if err != nil {
		return err
	}
	copyFields(observed, in)
	in.HealthCheck = expanded[healthCheck](observed)
	if observed.Matcher != nil {
		copyFields(observed.Matcher, in.HealthCheck)
	}
	in.Name, in.ArnSuffix = deref(observed.TargetGroupName), lastPart(id, ":")
	return takeAttributes(ctx, client, (*elb.Client).DescribeTargetGroupAttributes, "TargetGroupArn", id, in)
}

func updateTargetGroup(ctx context.Context, client *api, id string, _, in *targetGroup) error {
	if in.HealthCheck == nil {
		return nil
	}
	request := expanded[elb.ModifyTargetGroupInput](in.HealthCheck)
	request.TargetGroupArn, request.Matcher = &id, in.HealthCheck.matcher()
	_, err := client.LoadBalancing.ModifyTargetGroup(ctx, request)
	return err
}

func (h *healthCheck) matcher() *types.Matcher {
	if h.HTTPCode == nil {
		return nil
	}
	return expanded[types.Matcher](h)
}

type listener struct {
	LoadBalancerArn string            `json:"loadBalancerArn" pulumi:"replace"`
	Port            int32             `json:"port"`
	Protocol        string            `json:"protocol"`
	CertificateArn  *string           `json:"certificateArn"`
	SslPolicy       *string           `json:"sslPolicy"`
	DefaultActions  []action          `json:"defaultActions"`
	HeaderValue     *string           `json:"routingHttpResponseStrictTransportSecurityHeaderValue" elb:"routing.http.response.strict_transport_security.header_value"`
	Tags            map[string]string `json:"tags"`
	ListenerArn     string            `json:"arn" pulumi:"output"`
}

type action struct {
	Type           string    `json:"type"`
	TargetGroupArn *string   `json:"targetGroupArn"`
	RedirectConfig *redirect `json:"redirect"`
}

type redirect struct {
	Protocol   *string `json:"protocol"`
	Host       *string `json:"host"`
	Port       *string `json:"port"`
	Path       *string `json:"path"`
	Query      *string `json:"query"`
	StatusCode string  `json:"statusCode"`
}

func createListener(ctx context.Context, client *api, in *listener) (string, error) {
	request := expanded[elb.CreateListenerInput](in)
	request.Certificates = in.certificates()
	created, err := client.LoadBalancing.CreateListener(ctx, request)
	if err != nil {
		return "", err
	}
	id := *created.Listeners[0].ListenerArn
	return id, setNewListenerAttributes(ctx, client, id, in)
}

func (l *listener) certificates() []types.Certificate {
	if l.CertificateArn == nil {
		return nil
	}
	return []types.Certificate{{CertificateArn: l.CertificateArn}}
}

// setNewListenerAttributes sets the attributes of a new listener as the official provider does: each text that is
// stated, and every true or false, stated or not. The one such attribute says whether answers carry the header server.
// It is not stated, so that each new listener is told false (terraform-provider-aws, internal/service/elbv2/listener.go,
// resourceListenerCreate and listenerAttributeMap.expand).
func setNewListenerAttributes(ctx context.Context, client *api, id string, in *listener) error {
	stated := attributesOf(in)
	stated["routing.http.response.server.enabled"] = "false"
	return modifyAttributes(ctx, client, (*elb.Client).ModifyListenerAttributes, "ListenerArn", id, stated)
}

func readListener(ctx context.Context, client *api, id string, in *listener) error {
	observed, err := describe[types.Listener](ctx, client, (*elb.Client).DescribeListeners, "ListenerArns", id, "Listeners")
	if err != nil {
		return err
	}
	if observed.Protocol != types.ProtocolEnumHttps {
		// The emulator reports one for HTTP too.
		observed.SslPolicy = nil
	}
	copyFields(observed, in)
	if len(observed.Certificates) > 0 {
		in.CertificateArn = observed.Certificates[0].CertificateArn
	}
	in.HeaderValue = new("")
	return takeAttributes(ctx, client, (*elb.Client).DescribeListenerAttributes, "ListenerArn", id, in)
}

// updateListener calls what the official provider calls: ModifyListener where something other than tags and attributes
// changes, with the actions where they do, and ModifyListenerAttributes where an attribute does. An attribute that is
// no longer stated stays, as with the official provider (terraform-provider-aws#43042; internal/service/elbv2/listener.go,
// resourceListenerUpdate).
func updateListener(ctx context.Context, client *api, id string, old, in *listener) error {
	before, after := *old, *in
	for _, each := range []*listener{&before, &after} {
		each.Tags, each.HeaderValue, each.ListenerArn = nil, nil, ""
	}
	if !reflect.DeepEqual(before, after) {
		changes := expanded[elb.ModifyListenerInput](in)
		changes.ListenerArn, changes.Certificates = &id, in.certificates()
		if reflect.DeepEqual(old.DefaultActions, in.DefaultActions) {
			changes.DefaultActions = nil
		}
		if _, err := client.LoadBalancing.ModifyListener(ctx, changes); err != nil {
			return err
		}
	}
	if notFinished := in.ListenerArn == ""; notFinished {
		return setNewListenerAttributes(ctx, client, id, in)
	}
	stated := attributesOf(in)
	if maps.Equal(stated, attributesOf(old)) {
		return nil
	}
	return modifyAttributes(ctx, client, (*elb.Client).ModifyListenerAttributes, "ListenerArn", id, stated)
}
