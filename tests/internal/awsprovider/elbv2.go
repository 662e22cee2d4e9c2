package awsprovider

import (
	"context"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/acm"
	acmtypes "github.com/aws/aws-sdk-go-v2/service/acm/types"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"

	"mediaserver/tests/internal/provider"
)

var elbv2Kinds = kinds{
	&kind[loadBalancer]{
		Token:   "aws:lb/loadBalancer:LoadBalancer",
		Name:    "name",
		Replace: []string{"name", "internal", "loadBalancerType"},
		Defaults: map[string]any{
			"internal": false, "loadBalancerType": "application", "idleTimeout": 60,
			"dropInvalidHeaderFields": false, "enableDeletionProtection": false,
		},
		Rules:  loadBalancerRules,
		Create: createLoadBalancer,
		Complete: func(ctx context.Context, client *api, id string, in *loadBalancer) error {
			stated := in.attributes().stated()
			if len(stated) == 0 {
				return nil
			}
			_, err := client.LoadBalancing.ModifyLoadBalancerAttributes(ctx, &elb.ModifyLoadBalancerAttributesInput{
				LoadBalancerArn: &id, Attributes: tagList[types.LoadBalancerAttribute](stated),
			})
			return err
		},
		Read:    readLoadBalancer,
		Update:  updateLoadBalancer,
		Delete:  remove[loadBalancer]((*elb.Client).DeleteLoadBalancer, "LoadBalancerArn"),
		SetTags: addLoadBalancingTags, RemoveTags: removeLoadBalancingTags,
	},
	&kind[targetGroup]{
		Token:    "aws:lb/targetGroup:TargetGroup",
		Name:     "name",
		Replace:  []string{"name", "port", "protocol", "targetType", "vpcId"},
		Defaults: map[string]any{"deregistrationDelay": 300},
		Computed: []string{"healthCheck"},
		Rules:    targetGroupRules,
		Check:    checkTargetGroup,
		Create:   createTargetGroup,
		Complete: func(ctx context.Context, client *api, id string, in *targetGroup) error {
			stated := in.attributes().stated()
			if len(stated) == 0 {
				return nil
			}
			_, err := client.LoadBalancing.ModifyTargetGroupAttributes(ctx, &elb.ModifyTargetGroupAttributesInput{
				TargetGroupArn: &id, Attributes: tagList[types.TargetGroupAttribute](stated),
			})
			return err
		},
		Read:    readTargetGroup,
		Update:  updateTargetGroup,
		Delete:  remove[targetGroup]((*elb.Client).DeleteTargetGroup, "TargetGroupArn"),
		SetTags: addLoadBalancingTags, RemoveTags: removeLoadBalancingTags,
	},
	&kind[listener]{
		Token:   "aws:lb/listener:Listener",
		Replace: []string{"loadBalancerArn"},
		Rules:   listenerRules,
		Check:   checkListener,
		Create:  createListener,
		Read:    readListener,
		Update:  updateListener,
		Delete:  remove[listener]((*elb.Client).DeleteListener, "ListenerArn"),
		SetTags: addLoadBalancingTags, RemoveTags: removeLoadBalancingTags,
	},
}

var (
	addLoadBalancingTags    = tag((*elb.Client).AddTags, "ResourceArns")
	removeLoadBalancingTags = untag((*elb.Client).RemoveTags, "ResourceArns")
)

func readLoadBalancingTags(ctx context.Context, client *api, arn string, tags *map[string]string) error {
	found, err := describe[types.TagDescription](ctx, client, (*elb.Client).DescribeTags, "ResourceArns", arn)
	if err == nil {
		*tags = tagsOf(found.Tags)
	}
	return err
}

// attributes are properties that ELB keeps as texts, by their keys: pointers to pointers to a text, a number or a truth
// value.
type attributes map[string]any

// stated are the values of those that are stated. An empty text is none.
func (a attributes) stated() map[string]string {
	stated := map[string]string{}
	for key, property := range a {
		pointer := reflect.ValueOf(property).Elem()
		if pointer.IsNil() {
			continue
		}
		if text := fmt.Sprint(pointer.Elem().Interface()); text != "" {
			stated[key] = text
		}
	}
	return stated
}

// take overwrites the properties with what ELB reports.
func (a attributes) take(observed map[string]string) {
	for key, text := range observed {
		switch property := a[key].(type) {
		case **string:
			*property = &text
		case **bool:
			*property = new(text == "true")
		case **int32:
			number, _ := strconv.ParseInt(text, 10, 32)
			*property = new(int32(number))
		}
	}
}

type loadBalancer struct {
	Name                  string            `pulumi:"name"`
	Internal              *bool             `pulumi:"internal,optional"`
	Type                  *string           `pulumi:"loadBalancerType,optional"`
	SecurityGroups        []string          `pulumi:"securityGroups,optional"`
	Subnets               []string          `pulumi:"subnets"`
	DropInvalidHeaders    *bool             `pulumi:"dropInvalidHeaderFields,optional"`
	DeletionProtection    *bool             `pulumi:"enableDeletionProtection,optional"`
	IdleTimeout           *int32            `pulumi:"idleTimeout,optional"`
	AccessLogs            *accessLogs       `pulumi:"accessLogs,optional"`
	Tags                  map[string]string `pulumi:"tags,optional"`
	LoadBalancerArn       string            `pulumi:"arn,output"`
	ArnSuffix             string            `pulumi:"arnSuffix,output"`
	DNSName               string            `pulumi:"dnsName,output"`
	IPAddressType         string            `pulumi:"ipAddressType,output"`
	VpcID                 string            `pulumi:"vpcId,output"`
	CanonicalHostedZoneID string            `pulumi:"zoneId,output"`
}

func (l *loadBalancer) attributes() attributes {
	all := attributes{
		"routing.http.drop_invalid_header_fields.enabled": &l.DropInvalidHeaders,
		"deletion_protection.enabled":                     &l.DeletionProtection,
		"idle_timeout.timeout_seconds":                    &l.IdleTimeout,
	}
	// As the official provider does, where no access logs are stated they are turned off.
	logs := l.AccessLogs
	if logs == nil {
		logs = &accessLogs{Enabled: new(false)}
	}
	all["access_logs.s3.enabled"] = &logs.Enabled
	if l.AccessLogs != nil {
		all["access_logs.s3.bucket"], all["access_logs.s3.prefix"] = &logs.Bucket, &logs.Prefix
	}
	return all
}

type accessLogs struct {
	Enabled *bool   `pulumi:"enabled,optional"`
	Bucket  *string `pulumi:"bucket"`
	Prefix  *string `pulumi:"prefix,optional"`
}

const loadBalancerDocs = "Elastic Load Balancing API reference, CreateLoadBalancer"

var loadBalancingName = provider.Matching(`^[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?$`,
	"have only letters, digits and hyphens, and no hyphen at either end")

var loadBalancerRules = rules{
	rule("name", provider.Length(1, 32), loadBalancerDocs),
	rule("name", loadBalancingName, loadBalancerDocs),
	rule("name", provider.Unlike(`^internal-`, "not begin with internal-"), loadBalancerDocs),
	rule("loadBalancerType", provider.OneOf("application"), "the program has no other"),
	rule("subnets", provider.Length(2, 20), loadBalancerDocs+": subnets in at least two availability zones"),
	rule("idleTimeout", provider.Between(1, 4000), "Elastic Load Balancing API reference, LoadBalancerAttribute"),
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
	observed, err := describe[types.LoadBalancer](ctx, client, (*elb.Client).DescribeLoadBalancers, "LoadBalancerArns", id)
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
	reported, err := client.LoadBalancing.DescribeLoadBalancerAttributes(ctx, &elb.DescribeLoadBalancerAttributesInput{LoadBalancerArn: &id})
	if err != nil {
		return err
	}
	in.attributes().take(tagsOf(reported.Attributes))
	return readLoadBalancingTags(ctx, client, id, &in.Tags)
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
	Name                string            `pulumi:"name"`
	Port                int32             `pulumi:"port"`
	Protocol            string            `pulumi:"protocol"`
	TargetType          *string           `pulumi:"targetType,optional"`
	VpcID               string            `pulumi:"vpcId"`
	DeregistrationDelay *int32            `pulumi:"deregistrationDelay,optional"`
	HealthCheck         *healthCheck      `pulumi:"healthCheck,optional"`
	Tags                map[string]string `pulumi:"tags,optional"`
	TargetGroupArn      string            `pulumi:"arn,output"`
	ArnSuffix           string            `pulumi:"arnSuffix,output"`
	LoadBalancerArns    []string          `pulumi:"loadBalancerArns,output"`
}

type healthCheck struct {
	HealthCheckEnabled         *bool   `pulumi:"enabled,optional"`
	HealthCheckPath            *string `pulumi:"path,optional"`
	HealthCheckPort            *string `pulumi:"port,optional"`
	HealthCheckProtocol        *string `pulumi:"protocol,optional"`
	HTTPCode                   *string `pulumi:"matcher,optional"`
	HealthyThresholdCount      *int32  `pulumi:"healthyThreshold,optional"`
	UnhealthyThresholdCount    *int32  `pulumi:"unhealthyThreshold,optional"`
	HealthCheckIntervalSeconds *int32  `pulumi:"interval,optional"`
	HealthCheckTimeoutSeconds  *int32  `pulumi:"timeout,optional"`
}

func (t *targetGroup) attributes() attributes {
	return attributes{"deregistration_delay.timeout_seconds": &t.DeregistrationDelay}
}

const (
	targetGroupDocs   = "Elastic Load Balancing API reference, CreateTargetGroup"
	targetGroupSchema = "terraform-provider-aws, internal/service/elbv2/target_group.go"
)

var targetGroupRules = rules{
	rule("name", provider.Length(1, 32), targetGroupDocs),
	rule("name", loadBalancingName, targetGroupDocs),
	rule("port", provider.Between(1, 65535), targetGroupDocs),
	// An Application Load Balancer takes only these protocols.
	rule("protocol", provider.OneOf("HTTP", "HTTPS"), targetGroupDocs),
	rule("targetType", provider.OneOf("instance", "ip", "alb"), targetGroupDocs),
	rule("deregistrationDelay", provider.Between(0, 3600), "Elastic Load Balancing API reference, TargetGroupAttribute"),
	rule("healthCheck.path", provider.Length(1, 1024), targetGroupDocs),
	rule("healthCheck.path", provider.Matching(`^/\S*$`, "have a slash at the beginning and no white space"), targetGroupDocs),
	rule("healthCheck.port", provider.Satisfying("be a port from 1 to 65535, or traffic-port", func(port string) bool {
		number, err := strconv.Atoi(port)
		return port == "traffic-port" || err == nil && number >= 1 && number <= 65535
	}), targetGroupSchema+", validTargetGroupHealthCheckPort"),
	rule("healthCheck.protocol", provider.OneOf("HTTP", "HTTPS"), targetGroupSchema+", healthCheckProtocolEnumValues"),
	rule("healthCheck.matcher", provider.Matching(`^[2-4]\d\d([,-][2-4]\d\d)*$`,
		"be HTTP status codes from 200 to 499, such as 200 or 200-299"), targetGroupDocs),
	rule("healthCheck.healthyThreshold", provider.Between(2, 10), targetGroupDocs),
	rule("healthCheck.unhealthyThreshold", provider.Between(2, 10), targetGroupDocs),
	rule("healthCheck.interval", provider.Between(5, 300), targetGroupDocs),
	rule("healthCheck.timeout", provider.Between(2, 120), targetGroupDocs),
}

func checkTargetGroup(in *targetGroup, problems *provider.Problems) {
	check := deref(in.HealthCheck)
	interval, timeout := check.HealthCheckIntervalSeconds, check.HealthCheckTimeoutSeconds
	if interval != nil && timeout != nil && *timeout >= *interval && problems.Known("healthCheck.interval", "healthCheck.timeout") {
		problems.Refuse("healthCheck.timeout", *timeout, "must be shorter than the interval ("+targetGroupDocs+")")
	}
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
	observed, err := describe[types.TargetGroup](ctx, client, (*elb.Client).DescribeTargetGroups, "TargetGroupArns", id)
	if err != nil {
		return err
	}
	copyFields(observed, in)
	in.HealthCheck = expanded[healthCheck](observed)
	if observed.Matcher != nil {
		copyFields(observed.Matcher, in.HealthCheck)
	}
	in.Name, in.ArnSuffix, in.LoadBalancerArns = deref(observed.TargetGroupName), lastPart(id, ":"), append([]string{}, observed.LoadBalancerArns...)
	reported, err := client.LoadBalancing.DescribeTargetGroupAttributes(ctx, &elb.DescribeTargetGroupAttributesInput{TargetGroupArn: &id})
	if err != nil {
		return err
	}
	in.attributes().take(tagsOf(reported.Attributes))
	return readLoadBalancingTags(ctx, client, id, &in.Tags)
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
	LoadBalancerArn         string            `pulumi:"loadBalancerArn"`
	Port                    int32             `pulumi:"port"`
	Protocol                string            `pulumi:"protocol"`
	CertificateArn          *string           `pulumi:"certificateArn,optional"`
	SslPolicy               *string           `pulumi:"sslPolicy,optional"`
	DefaultActions          []action          `pulumi:"defaultActions"`
	StrictTransportSecurity *string           `pulumi:"routingHttpResponseStrictTransportSecurityHeaderValue,optional"`
	Tags                    map[string]string `pulumi:"tags,optional"`
	ListenerArn             string            `pulumi:"arn,output"`
}

type action struct {
	Type           string    `pulumi:"type"`
	TargetGroupArn *string   `pulumi:"targetGroupArn,optional"`
	RedirectConfig *redirect `pulumi:"redirect,optional"`
}

type redirect struct {
	Protocol   *string `pulumi:"protocol,optional"`
	Host       *string `pulumi:"host,optional"`
	Port       *string `pulumi:"port,optional"`
	Path       *string `pulumi:"path,optional"`
	Query      *string `pulumi:"query,optional"`
	StatusCode string  `pulumi:"statusCode"`
}

func (l *listener) attributes() attributes {
	return attributes{"routing.http.response.strict_transport_security.header_value": &l.StrictTransportSecurity}
}

const (
	listenerDocs   = "Elastic Load Balancing API reference, CreateListener"
	redirectDocs   = "Elastic Load Balancing API reference, RedirectActionConfig"
	listenerSchema = "terraform-provider-aws, internal/service/elbv2/listener.go, resourceListener"
)

var listenerRules = rules{
	rule("loadBalancerArn", arn, listenerSchema),
	rule("port", provider.Between(1, 65535), listenerDocs),
	rule("protocol", provider.OneOf("HTTP", "HTTPS"), listenerDocs),
	rule("certificateArn", arn, listenerSchema),
	rule("sslPolicy", provider.OneOf(
		"ELBSecurityPolicy-2016-08", "ELBSecurityPolicy-TLS13-1-2-2021-06", "ELBSecurityPolicy-TLS13-1-2-Res-2021-06",
		"ELBSecurityPolicy-TLS13-1-3-2021-06", "ELBSecurityPolicy-TLS13-1-2-Res-PQ-2025-09", "ELBSecurityPolicy-TLS13-1-3-PQ-2025-09",
	), `Elastic Load Balancing user guide, "Security policies for your Application Load Balancer": the default, and those that it recommends`),
	rule("routingHttpResponseStrictTransportSecurityHeaderValue", provider.Matching(`^max-age=[0-9]+(; includeSubDomains)?(; preload)?$`,
		"be max-age=SECONDS, with includeSubDomains and preload behind it at most"), "RFC 6797, section 6.1"),
	rule("defaultActions[].type", provider.OneOf("forward", "redirect"), listenerDocs),
	rule("defaultActions[].targetGroupArn", arn, listenerSchema),
	rule("defaultActions[].redirect.statusCode", provider.OneOf("HTTP_301", "HTTP_302"), redirectDocs),
	rule("defaultActions[].redirect.protocol", provider.OneOf("HTTP", "HTTPS", "#{protocol}"), redirectDocs),
	rule("defaultActions[].redirect.host", provider.Length(1, 128), redirectDocs),
	rule("defaultActions[].redirect.path", provider.Matching(`^/.{0,127}$`, "have 1 to 128 characters and a slash at the beginning"), redirectDocs),
	rule("defaultActions[].redirect.port", provider.Matching(`^(#\{port\}|[1-9][0-9]{0,4})$`, "be a port or #{port}"), redirectDocs),
}

func checkListener(in *listener, problems *provider.Problems) {
	refuse := func(path, rule, source string) { problems.Refuse(path, "", rule+" ("+source+")") }
	secure := in.Protocol == "HTTPS"
	if problems.Known("protocol", "certificateArn") && secure != (in.CertificateArn != nil) {
		refuse("certificateArn", "must be stated for HTTPS, and for HTTPS alone", listenerDocs)
	}
	if problems.Known("protocol", "sslPolicy") && !secure && in.SslPolicy != nil {
		refuse("sslPolicy", "must not be stated for HTTP", listenerDocs)
	}
	for i, each := range in.DefaultActions {
		path := "defaultActions[" + strconv.Itoa(i) + "]"
		if problems.Known(path+".type", path+".targetGroupArn") && (each.Type == "forward") != (each.TargetGroupArn != nil) {
			refuse(path+".targetGroupArn", "must be stated if, and only if, the action is a forward", listenerDocs)
		}
		if problems.Known(path+".type", path+".redirect") && (each.Type == "redirect") != (each.RedirectConfig != nil) {
			refuse(path+".redirect", "must be stated if, and only if, the action is a redirect", listenerDocs)
		}
		whole := each.whole().RedirectConfig
		if whole == nil {
			continue
		}
		if secure && *whole.Protocol == "HTTP" {
			refuse(path+".redirect.protocol", "must not lead from HTTPS to HTTP", redirectDocs)
		}
		if *whole.Protocol == "#{protocol}" && *whole.Host == "#{host}" && *whole.Port == "#{port}" && *whole.Path == "/#{path}" {
			refuse(path+".redirect", "must change the protocol, the host, the port or the path, or it would lead to itself", redirectDocs)
		}
	}
}

// whole is the action with the official provider's defaults of a redirect: each part stays as the request has it.
func (a action) whole() action {
	if a.RedirectConfig == nil {
		return a
	}
	redirect := *a.RedirectConfig
	for part, same := range map[**string]string{
		&redirect.Protocol: "#{protocol}", &redirect.Host: "#{host}", &redirect.Port: "#{port}", &redirect.Path: "/#{path}",
		&redirect.Query: "#{query}",
	} {
		if *part == nil {
			*part = &same
		}
	}
	a.RedirectConfig = &redirect
	return a
}

func wholeActions(actions []action) []action {
	var whole []action
	for _, each := range actions {
		whole = append(whole, each.whole())
	}
	return whole
}

func createListener(ctx context.Context, client *api, in *listener) (string, error) {
	if err := checkListenersCertificate(ctx, client, in); err != nil {
		return "", err
	}
	request := expanded[elb.CreateListenerInput](in)
	request.Certificates, request.DefaultActions = in.certificates(), in.actions()
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

func (l *listener) actions() []types.Action {
	var actions []types.Action
	for _, each := range wholeActions(l.DefaultActions) {
		actions = append(actions, *expanded[types.Action](each))
	}
	return actions
}

// setNewListenerAttributes sets the attributes of a new listener as the official provider does: each text that is
// stated, and every true or false, stated or not. The one such attribute says whether answers carry the header server.
// It is not stated, so that each new listener is told false (terraform-provider-aws, internal/service/elbv2/listener.go,
// resourceListenerCreate and listenerAttributeMap.expand).
func setNewListenerAttributes(ctx context.Context, client *api, id string, in *listener) error {
	stated := in.attributes().stated()
	stated["routing.http.response.server.enabled"] = "false"
	return modifyListenerAttributes(ctx, client, id, stated)
}

func modifyListenerAttributes(ctx context.Context, client *api, id string, stated map[string]string) error {
	_, err := client.LoadBalancing.ModifyListenerAttributes(ctx, &elb.ModifyListenerAttributesInput{
		ListenerArn: &id, Attributes: tagList[types.ListenerAttribute](stated),
	})
	return err
}

// checkListenersCertificate refuses a certificate that is not issued, which the emulator takes (Elastic Load Balancing
// API reference, UnsupportedCertificate).
func checkListenersCertificate(ctx context.Context, client *api, in *listener) error {
	if in.CertificateArn == nil {
		return nil
	}
	found, err := client.ACM.DescribeCertificate(ctx, &acm.DescribeCertificateInput{CertificateArn: in.CertificateArn})
	if err != nil {
		return fmt.Errorf("CertificateNotFound: Certificate ARN '%s' not found: %w", *in.CertificateArn, err)
	}
	status, err := certificateStatus(ctx, client, found.Certificate)
	if err == nil && status != acmtypes.CertificateStatusIssued {
		err = fmt.Errorf("UnsupportedCertificate: The certificate '%s' must have a fully-qualified domain name, "+
			"a supported signature, and a supported key size; it is %s", *in.CertificateArn, status)
	}
	return err
}

func readListener(ctx context.Context, client *api, id string, in *listener) error {
	observed, err := describe[types.Listener](ctx, client, (*elb.Client).DescribeListeners, "ListenerArns", id)
	if err != nil {
		return err
	}
	if observed.Protocol != types.ProtocolEnumHttps {
		// The emulator reports one for HTTP too.
		observed.SslPolicy = nil
	}
	known := in.DefaultActions
	copyFields(observed, in)
	if reflect.DeepEqual(wholeActions(known), in.DefaultActions) {
		in.DefaultActions = known
	}
	if len(observed.Certificates) > 0 {
		in.CertificateArn = observed.Certificates[0].CertificateArn
	}
	reported, err := client.LoadBalancing.DescribeListenerAttributes(ctx, &elb.DescribeListenerAttributesInput{ListenerArn: &id})
	if err != nil {
		return err
	}
	in.StrictTransportSecurity = new("")
	in.attributes().take(tagsOf(reported.Attributes))
	return readLoadBalancingTags(ctx, client, id, &in.Tags)
}

// updateListener calls what the official provider calls: ModifyListener where something other than tags and attributes
// changes, with the actions where they do, and ModifyListenerAttributes where an attribute does. An attribute that is
// no longer stated stays, as with the official provider (terraform-provider-aws#43042; internal/service/elbv2/listener.go,
// resourceListenerUpdate).
func updateListener(ctx context.Context, client *api, id string, old, in *listener) error {
	before, after := *old, *in
	for _, each := range []*listener{&before, &after} {
		each.Tags, each.StrictTransportSecurity, each.ListenerArn = nil, nil, ""
	}
	if !reflect.DeepEqual(before, after) {
		if err := modifyListener(ctx, client, id, old, in); err != nil {
			return err
		}
	}
	if notFinished := in.ListenerArn == ""; notFinished {
		return setNewListenerAttributes(ctx, client, id, in)
	}
	stated := in.attributes().stated()
	if len(stated) == 0 || reflect.DeepEqual(stated, old.attributes().stated()) {
		return nil
	}
	return modifyListenerAttributes(ctx, client, id, stated)
}

func modifyListener(ctx context.Context, client *api, id string, old, in *listener) error {
	if deref(old.CertificateArn) != deref(in.CertificateArn) {
		if err := checkListenersCertificate(ctx, client, in); err != nil {
			return err
		}
	}
	changes := expanded[elb.ModifyListenerInput](in)
	changes.ListenerArn, changes.Certificates, changes.DefaultActions = &id, in.certificates(), nil
	if !reflect.DeepEqual(old.DefaultActions, in.DefaultActions) {
		changes.DefaultActions = in.actions()
	}
	_, err := client.LoadBalancing.ModifyListener(ctx, changes)
	return err
}
