package awsprovider

import (
	"context"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
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
	Tags               map[string]string `pulumi:"tags,optional"`
}

type loadBalancerOutputs struct {
	Arn           string `pulumi:"arn"`
	ArnSuffix     string `pulumi:"arnSuffix"`
	DNSName       string `pulumi:"dnsName"`
	IPAddressType string `pulumi:"ipAddressType"`
	VpcID         string `pulumi:"vpcId"`
	ZoneID        string `pulumi:"zoneId"`
}

var loadBalancingName = text{
	1, 32, regexp.MustCompile(`^[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?$`),
	"only letters, digits and hyphens, and no hyphen at either end",
}

// Rules: Elastic Load Balancing API reference, CreateLoadBalancer and
// LoadBalancerAttribute.
var loadBalancer = &kind[loadBalancerInputs, loadBalancerOutputs]{
	Token:   "aws:lb/loadBalancer:LoadBalancer",
	Name:    "name",
	Replace: []string{"name", "internal", "loadBalancerType"},
	Check: func(in *loadBalancerInputs, problems *provider.Problems) {
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
	},
	Find: func(ctx context.Context, client *api, in *loadBalancerInputs) ([]string, error) {
		found, err := client.loadBalancing.DescribeLoadBalancers(ctx,
			&elasticloadbalancingv2.DescribeLoadBalancersInput{Names: []string{in.Name}})
		if err != nil {
			return nil, err
		}
		var arns []string
		for _, balancer := range found.LoadBalancers {
			arns = append(arns, *balancer.LoadBalancerArn)
		}
		return arns, nil
	},
	Create: func(ctx context.Context, client *api, in *loadBalancerInputs) (string, error) {
		scheme := types.LoadBalancerSchemeEnumInternetFacing
		if deref(in.Internal) {
			scheme = types.LoadBalancerSchemeEnumInternal
		}
		created, err := client.loadBalancing.CreateLoadBalancer(ctx, &elasticloadbalancingv2.CreateLoadBalancerInput{
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
		arn := *created.LoadBalancers[0].LoadBalancerArn
		return arn, setLoadBalancerAttributes(ctx, client, arn, in)
	},
	Read: func(ctx context.Context, client *api, id string, in *loadBalancerInputs, out *loadBalancerOutputs) error {
		found, err := client.loadBalancing.DescribeLoadBalancers(ctx,
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
		set(&in.Name, observed.LoadBalancerName)
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

		attributes, err := client.loadBalancing.DescribeLoadBalancerAttributes(ctx,
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
	},
	Update: func(ctx context.Context, client *api, id string, old, in *loadBalancerInputs, _ *loadBalancerOutputs) error {
		if !slices.Equal(old.SecurityGroups, in.SecurityGroups) {
			if _, err := client.loadBalancing.SetSecurityGroups(ctx, &elasticloadbalancingv2.SetSecurityGroupsInput{
				LoadBalancerArn: &id, SecurityGroups: in.SecurityGroups,
			}); err != nil {
				return err
			}
		}
		if !slices.Equal(old.Subnets, in.Subnets) {
			if _, err := client.loadBalancing.SetSubnets(ctx, &elasticloadbalancingv2.SetSubnetsInput{
				LoadBalancerArn: &id, Subnets: in.Subnets,
			}); err != nil {
				return err
			}
		}
		return setLoadBalancerAttributes(ctx, client, id, in)
	},
	Delete: func(ctx context.Context, client *api, id string, _ *loadBalancerInputs, _ *loadBalancerOutputs) error {
		_, err := client.loadBalancing.DeleteLoadBalancer(ctx, &elasticloadbalancingv2.DeleteLoadBalancerInput{LoadBalancerArn: &id})
		return err
	},
	Tag: func(ctx context.Context, client *api, id string, _ *loadBalancerOutputs, set map[string]string, remove []string) error {
		return tagLoadBalancing(ctx, client, id, set, remove)
	},
}

const (
	dropInvalidHeadersKey = "routing.http.drop_invalid_header_fields.enabled"
	deletionProtectionKey = "deletion_protection.enabled"
	idleTimeoutKey        = "idle_timeout.timeout_seconds"
	deregistrationKey     = "deregistration_delay.timeout_seconds"
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
	if len(attributes) == 0 {
		return nil
	}
	_, err := client.loadBalancing.ModifyLoadBalancerAttributes(ctx, &elasticloadbalancingv2.ModifyLoadBalancerAttributesInput{
		LoadBalancerArn: &arn, Attributes: attributes,
	})
	return err
}

// observeSet takes over a list whose members, in whatever order, differ.
func observeSet(input *[]string, observed []string) {
	if !slices.Equal(slices.Sorted(slices.Values(*input)), slices.Sorted(slices.Values(observed))) {
		*input = observed
	}
}

func observeBool(input **bool, observed *string) {
	if value, err := strconv.ParseBool(deref(observed)); err == nil {
		provider.Observe(input, &value)
	}
}

func observeInt(input **int32, observed *string) {
	if value, err := strconv.ParseInt(deref(observed), 10, 32); err == nil {
		provider.Observe(input, aws.Int32(int32(value)))
	}
}

func loadBalancingTag(key, value *string) types.Tag { return types.Tag{Key: key, Value: value} }

func observeLoadBalancingTags(ctx context.Context, client *api, arn string, tags *map[string]string) error {
	found, err := client.loadBalancing.DescribeTags(ctx, &elasticloadbalancingv2.DescribeTagsInput{ResourceArns: []string{arn}})
	if err != nil {
		return err
	}
	for _, description := range found.TagDescriptions {
		*tags = tagMap(description.Tags, func(tag types.Tag) (*string, *string) { return tag.Key, tag.Value })
	}
	return nil
}

func tagLoadBalancing(ctx context.Context, client *api, arn string, set map[string]string, remove []string) error {
	if len(set) > 0 {
		if _, err := client.loadBalancing.AddTags(ctx, &elasticloadbalancingv2.AddTagsInput{
			ResourceArns: []string{arn}, Tags: tagList(set, loadBalancingTag),
		}); err != nil {
			return err
		}
	}
	if len(remove) == 0 {
		return nil
	}
	_, err := client.loadBalancing.RemoveTags(ctx, &elasticloadbalancingv2.RemoveTagsInput{
		ResourceArns: []string{arn}, TagKeys: remove,
	})
	return err
}

type targetGroupInputs struct {
	Name                string            `pulumi:"name"`
	Port                int32             `pulumi:"port"`
	Protocol            string            `pulumi:"protocol"`
	TargetType          *string           `pulumi:"targetType,optional"`
	VpcID               string            `pulumi:"vpcId"`
	DeregistrationDelay *int32            `pulumi:"deregistrationDelay,optional"`
	HealthCheck         *healthCheck      `pulumi:"healthCheck,optional"`
	Tags                map[string]string `pulumi:"tags,optional"`
}

type healthCheck struct {
	Enabled            *bool   `pulumi:"enabled,optional"`
	Path               *string `pulumi:"path,optional"`
	Port               *string `pulumi:"port,optional"`
	Protocol           *string `pulumi:"protocol,optional"`
	Matcher            *string `pulumi:"matcher,optional"`
	HealthyThreshold   *int32  `pulumi:"healthyThreshold,optional"`
	UnhealthyThreshold *int32  `pulumi:"unhealthyThreshold,optional"`
	Interval           *int32  `pulumi:"interval,optional"`
	Timeout            *int32  `pulumi:"timeout,optional"`
}

type targetGroupOutputs struct {
	Arn              string   `pulumi:"arn"`
	ArnSuffix        string   `pulumi:"arnSuffix"`
	LoadBalancerArns []string `pulumi:"loadBalancerArns"`
}

// Rules: Elastic Load Balancing API reference, CreateTargetGroup.
var targetGroup = &kind[targetGroupInputs, targetGroupOutputs]{
	Token:   "aws:lb/targetGroup:TargetGroup",
	Name:    "name",
	Replace: []string{"name", "port", "protocol", "targetType", "vpcId"},
	Check: func(in *targetGroupInputs, problems *provider.Problems) {
		loadBalancingName.check(problems, "name", in.Name)
		checkRange(problems, "port", in.Port, 1, 65535)
		checkOneOf(problems, "protocol", in.Protocol, []string{"HTTP", "HTTPS"})
		if in.TargetType != nil {
			checkOneOf(problems, "targetType", *in.TargetType, []string{"instance", "ip", "alb"})
		}
		if in.DeregistrationDelay != nil {
			checkRange(problems, "deregistrationDelay", *in.DeregistrationDelay, 0, 3600)
		}
		if in.HealthCheck != nil {
			in.HealthCheck.check(problems)
		}
	},
	Find: func(ctx context.Context, client *api, in *targetGroupInputs) ([]string, error) {
		found, err := client.loadBalancing.DescribeTargetGroups(ctx,
			&elasticloadbalancingv2.DescribeTargetGroupsInput{Names: []string{in.Name}})
		if err != nil {
			return nil, err
		}
		var arns []string
		for _, group := range found.TargetGroups {
			arns = append(arns, *group.TargetGroupArn)
		}
		return arns, nil
	},
	Create: func(ctx context.Context, client *api, in *targetGroupInputs) (string, error) {
		request := &elasticloadbalancingv2.CreateTargetGroupInput{
			Name:       &in.Name,
			Port:       &in.Port,
			Protocol:   types.ProtocolEnum(in.Protocol),
			TargetType: types.TargetTypeEnum(deref(in.TargetType)),
			VpcId:      &in.VpcID,
			Tags:       tagList(in.Tags, loadBalancingTag),
		}
		if check := in.HealthCheck; check != nil {
			request.HealthCheckEnabled = check.Enabled
			request.HealthCheckPath = check.Path
			request.HealthCheckPort = check.Port
			request.HealthCheckProtocol = types.ProtocolEnum(deref(check.Protocol))
			request.HealthCheckIntervalSeconds = check.Interval
			request.HealthCheckTimeoutSeconds = check.Timeout
			request.HealthyThresholdCount = check.HealthyThreshold
			request.UnhealthyThresholdCount = check.UnhealthyThreshold
			request.Matcher = check.matcher()
		}
		created, err := client.loadBalancing.CreateTargetGroup(ctx, request)
		if err != nil {
			return "", err
		}
		arn := *created.TargetGroups[0].TargetGroupArn
		return arn, setTargetGroupAttributes(ctx, client, arn, in)
	},
	Read: func(ctx context.Context, client *api, id string, in *targetGroupInputs, out *targetGroupOutputs) error {
		found, err := client.loadBalancing.DescribeTargetGroups(ctx,
			&elasticloadbalancingv2.DescribeTargetGroupsInput{TargetGroupArns: []string{id}})
		if err != nil {
			return err
		}
		if len(found.TargetGroups) == 0 {
			return provider.ErrNotFound
		}
		observed := found.TargetGroups[0]
		targetType := string(observed.TargetType)
		if importing := in.Name == ""; importing {
			in.TargetType = &targetType
		}
		set(&in.Name, observed.TargetGroupName)
		set(&in.Port, observed.Port)
		set(&in.VpcID, observed.VpcId)
		in.Protocol = string(observed.Protocol)
		provider.Observe(&in.TargetType, &targetType)
		if in.HealthCheck != nil {
			in.HealthCheck = in.HealthCheck.observe(observed)
		}
		out.Arn, out.ArnSuffix = id, lastPart(id, ":")
		out.LoadBalancerArns = append([]string{}, observed.LoadBalancerArns...)

		attributes, err := client.loadBalancing.DescribeTargetGroupAttributes(ctx,
			&elasticloadbalancingv2.DescribeTargetGroupAttributesInput{TargetGroupArn: &id})
		if err != nil {
			return err
		}
		for _, attribute := range attributes.Attributes {
			if deref(attribute.Key) == deregistrationKey {
				observeInt(&in.DeregistrationDelay, attribute.Value)
			}
		}
		return observeLoadBalancingTags(ctx, client, id, &in.Tags)
	},
	Update: func(ctx context.Context, client *api, id string, _, in *targetGroupInputs, _ *targetGroupOutputs) error {
		if check := in.HealthCheck; check != nil {
			if _, err := client.loadBalancing.ModifyTargetGroup(ctx, &elasticloadbalancingv2.ModifyTargetGroupInput{
				TargetGroupArn:             &id,
				HealthCheckEnabled:         check.Enabled,
				HealthCheckPath:            check.Path,
				HealthCheckPort:            check.Port,
				HealthCheckProtocol:        types.ProtocolEnum(deref(check.Protocol)),
				HealthCheckIntervalSeconds: check.Interval,
				HealthCheckTimeoutSeconds:  check.Timeout,
				HealthyThresholdCount:      check.HealthyThreshold,
				UnhealthyThresholdCount:    check.UnhealthyThreshold,
				Matcher:                    check.matcher(),
			}); err != nil {
				return err
			}
		}
		return setTargetGroupAttributes(ctx, client, id, in)
	},
	Delete: func(ctx context.Context, client *api, id string, _ *targetGroupInputs, _ *targetGroupOutputs) error {
		_, err := client.loadBalancing.DeleteTargetGroup(ctx, &elasticloadbalancingv2.DeleteTargetGroupInput{TargetGroupArn: &id})
		return err
	},
	Tag: func(ctx context.Context, client *api, id string, _ *targetGroupOutputs, set map[string]string, remove []string) error {
		return tagLoadBalancing(ctx, client, id, set, remove)
	},
}

var (
	healthCheckPath = text{
		1, 1024, regexp.MustCompile(`^/\S*$`), "a slash at the beginning and no white space",
	}
	healthCheckMatcher = regexp.MustCompile(`^[2-4]\d\d([,-][2-4]\d\d)*$`)
)

func (h *healthCheck) check(problems *provider.Problems) {
	if h.Path != nil {
		healthCheckPath.check(problems, "healthCheck.path", *h.Path)
	}
	if h.Matcher != nil && !healthCheckMatcher.MatchString(*h.Matcher) {
		problems.Refuse("healthCheck.matcher", *h.Matcher, "must be HTTP status codes from 200 to 499, such as 200 or 200-299")
	}
	if h.HealthyThreshold != nil {
		checkRange(problems, "healthCheck.healthyThreshold", *h.HealthyThreshold, 2, 10)
	}
	if h.UnhealthyThreshold != nil {
		checkRange(problems, "healthCheck.unhealthyThreshold", *h.UnhealthyThreshold, 2, 10)
	}
	if h.Interval != nil {
		checkRange(problems, "healthCheck.interval", *h.Interval, 5, 300)
	}
	if h.Timeout != nil {
		checkRange(problems, "healthCheck.timeout", *h.Timeout, 2, 120)
	}
	if h.Interval != nil && h.Timeout != nil && *h.Timeout >= *h.Interval &&
		problems.Known("healthCheck.interval", "healthCheck.timeout") {
		problems.Refuse("healthCheck.timeout", *h.Timeout, "must be shorter than the interval")
	}
}

func (h *healthCheck) matcher() *types.Matcher {
	if h.Matcher == nil {
		return nil
	}
	return &types.Matcher{HttpCode: h.Matcher}
}

// observe is the health check with what the API reports of each setting that
// was stated.
func (h *healthCheck) observe(group types.TargetGroup) *healthCheck {
	observed := *h
	protocol := string(group.HealthCheckProtocol)
	provider.Observe(&observed.Enabled, group.HealthCheckEnabled)
	provider.Observe(&observed.Path, group.HealthCheckPath)
	provider.Observe(&observed.Port, group.HealthCheckPort)
	provider.Observe(&observed.Protocol, &protocol)
	provider.Observe(&observed.HealthyThreshold, group.HealthyThresholdCount)
	provider.Observe(&observed.UnhealthyThreshold, group.UnhealthyThresholdCount)
	provider.Observe(&observed.Interval, group.HealthCheckIntervalSeconds)
	provider.Observe(&observed.Timeout, group.HealthCheckTimeoutSeconds)
	if group.Matcher != nil {
		provider.Observe(&observed.Matcher, group.Matcher.HttpCode)
	}
	return &observed
}

func setTargetGroupAttributes(ctx context.Context, client *api, arn string, in *targetGroupInputs) error {
	if in.DeregistrationDelay == nil {
		return nil
	}
	_, err := client.loadBalancing.ModifyTargetGroupAttributes(ctx, &elasticloadbalancingv2.ModifyTargetGroupAttributesInput{
		TargetGroupArn: &arn,
		Attributes: []types.TargetGroupAttribute{{
			Key: aws.String(deregistrationKey), Value: aws.String(strconv.Itoa(int(*in.DeregistrationDelay))),
		}},
	})
	return err
}

type listenerInputs struct {
	LoadBalancerArn string            `pulumi:"loadBalancerArn"`
	Port            int32             `pulumi:"port"`
	Protocol        string            `pulumi:"protocol"`
	DefaultActions  []listenerAction  `pulumi:"defaultActions"`
	Tags            map[string]string `pulumi:"tags,optional"`
}

type listenerAction struct {
	Type           string  `pulumi:"type"`
	TargetGroupArn *string `pulumi:"targetGroupArn,optional"`
}

type listenerOutputs struct {
	Arn string `pulumi:"arn"`
}

var listener = &kind[listenerInputs, listenerOutputs]{
	Token:   "aws:lb/listener:Listener",
	Replace: []string{"loadBalancerArn"},
	Check: func(in *listenerInputs, problems *provider.Problems) {
		checkRange(problems, "port", in.Port, 1, 65535)
		checkOneOf(problems, "protocol", in.Protocol, []string{"HTTP"})
		for i, action := range in.DefaultActions {
			path := "defaultActions[" + strconv.Itoa(i) + "]"
			checkOneOf(problems, path+".type", action.Type, []string{"forward"})
			if action.TargetGroupArn == nil {
				problems.Refuse(path+".targetGroupArn", "", "must be stated, as the action forwards")
			}
		}
	},
	Find: func(ctx context.Context, client *api, in *listenerInputs) ([]string, error) {
		found, err := client.loadBalancing.DescribeListeners(ctx,
			&elasticloadbalancingv2.DescribeListenersInput{LoadBalancerArn: &in.LoadBalancerArn})
		if err != nil {
			return nil, err
		}
		var arns []string
		for _, l := range found.Listeners {
			if deref(l.Port) == in.Port {
				arns = append(arns, *l.ListenerArn)
			}
		}
		return arns, nil
	},
	Create: func(ctx context.Context, client *api, in *listenerInputs) (string, error) {
		created, err := client.loadBalancing.CreateListener(ctx, &elasticloadbalancingv2.CreateListenerInput{
			LoadBalancerArn: &in.LoadBalancerArn,
			Port:            &in.Port,
			Protocol:        types.ProtocolEnum(in.Protocol),
			DefaultActions:  in.actions(),
			Tags:            tagList(in.Tags, loadBalancingTag),
		})
		if err != nil {
			return "", err
		}
		return *created.Listeners[0].ListenerArn, nil
	},
	Read: func(ctx context.Context, client *api, id string, in *listenerInputs, out *listenerOutputs) error {
		found, err := client.loadBalancing.DescribeListeners(ctx,
			&elasticloadbalancingv2.DescribeListenersInput{ListenerArns: []string{id}})
		if err != nil {
			return err
		}
		if len(found.Listeners) == 0 {
			return provider.ErrNotFound
		}
		observed := found.Listeners[0]
		set(&in.LoadBalancerArn, observed.LoadBalancerArn)
		set(&in.Port, observed.Port)
		in.Protocol = string(observed.Protocol)
		var actions []listenerAction
		for _, action := range observed.DefaultActions {
			actions = append(actions, listenerAction{Type: string(action.Type), TargetGroupArn: action.TargetGroupArn})
		}
		in.DefaultActions = actions
		out.Arn = id
		return observeLoadBalancingTags(ctx, client, id, &in.Tags)
	},
	Update: func(ctx context.Context, client *api, id string, _, in *listenerInputs, _ *listenerOutputs) error {
		_, err := client.loadBalancing.ModifyListener(ctx, &elasticloadbalancingv2.ModifyListenerInput{
			ListenerArn:    &id,
			Port:           &in.Port,
			Protocol:       types.ProtocolEnum(in.Protocol),
			DefaultActions: in.actions(),
		})
		return err
	},
	Delete: func(ctx context.Context, client *api, id string, _ *listenerInputs, _ *listenerOutputs) error {
		_, err := client.loadBalancing.DeleteListener(ctx, &elasticloadbalancingv2.DeleteListenerInput{ListenerArn: &id})
		return err
	},
	Tag: func(ctx context.Context, client *api, id string, _ *listenerOutputs, set map[string]string, remove []string) error {
		return tagLoadBalancing(ctx, client, id, set, remove)
	},
}

func (in *listenerInputs) actions() []types.Action {
	var actions []types.Action
	for _, action := range in.DefaultActions {
		actions = append(actions, types.Action{
			Type: types.ActionTypeEnum(action.Type), TargetGroupArn: action.TargetGroupArn,
		})
	}
	return actions
}
