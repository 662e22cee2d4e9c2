package awsprovider

import (
	"regexp"
	"strconv"

	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"

	"mediaserver/tests/internal/provider"
)

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

var (
	healthCheckPath = textRule{
		1, 1024, regexp.MustCompile(`^/\S*$`), "a slash at the beginning and no white space",
	}
	healthCheckMatcher = regexp.MustCompile(`^[2-4]\d\d([,-][2-4]\d\d)*$`)
)

func (h *healthCheck) check(problems *provider.Problems) {
	if h.Path != nil {
		healthCheckPath.check(problems, "healthCheck.path", *h.Path)
	}
	// terraform-provider-aws, internal/service/elbv2/target_group.go, validTargetGroupHealthCheckPort and
	// healthCheckProtocolEnumValues; an Application Load Balancer takes only these protocols.
	if h.Port != nil && *h.Port != "traffic-port" {
		port, err := strconv.Atoi(*h.Port)
		if err != nil || port < 1 || port > 65535 {
			problems.Refuse("healthCheck.port", *h.Port, "must be a port from 1 to 65535, or traffic-port")
		}
	}
	if h.Protocol != nil {
		checkOneOf(problems, "healthCheck.protocol", *h.Protocol, []string{"HTTP", "HTTPS"})
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
