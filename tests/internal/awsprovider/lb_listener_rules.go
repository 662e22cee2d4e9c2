package awsprovider

import (
	"fmt"
	"regexp"
	"strconv"

	"mediaserver/tests/internal/provider"
)

// tlsPolicies are the predefined security policies of Application Load Balancers
// (Elastic Load Balancing user guide, "Security policies for your Application
// Load Balancer"), without those for FIPS 140-3.
var tlsPolicies = []string{
	"ELBSecurityPolicy-2016-08",
	"ELBSecurityPolicy-FS-2018-06", "ELBSecurityPolicy-FS-1-1-2019-08", "ELBSecurityPolicy-FS-1-2-2019-08",
	"ELBSecurityPolicy-FS-1-2-Res-2019-08", "ELBSecurityPolicy-FS-1-2-Res-2020-10",
	"ELBSecurityPolicy-TLS-1-1-2017-01", "ELBSecurityPolicy-TLS-1-2-2017-01", "ELBSecurityPolicy-TLS-1-2-Ext-2018-06",
	"ELBSecurityPolicy-TLS13-1-0-2021-06", "ELBSecurityPolicy-TLS13-1-1-2021-06", "ELBSecurityPolicy-TLS13-1-2-2021-06",
	"ELBSecurityPolicy-TLS13-1-2-Res-2021-06", "ELBSecurityPolicy-TLS13-1-2-Ext1-2021-06", "ELBSecurityPolicy-TLS13-1-2-Ext2-2021-06",
	"ELBSecurityPolicy-TLS13-1-3-2021-06",
	"ELBSecurityPolicy-TLS13-1-0-PQ-2025-09", "ELBSecurityPolicy-TLS13-1-2-PQ-2025-09", "ELBSecurityPolicy-TLS13-1-2-Res-PQ-2025-09",
	"ELBSecurityPolicy-TLS13-1-2-Ext1-PQ-2025-09", "ELBSecurityPolicy-TLS13-1-2-Ext2-PQ-2025-09", "ELBSecurityPolicy-TLS13-1-3-PQ-2025-09",
}

var (
	redirectHost = textRule{1, 128, nil, ""}
	redirectPath = textRule{1, 128, regexp.MustCompile(`^/`), "a slash at the beginning"}
	redirectPort = regexp.MustCompile(`^(#\{port\}|[1-9][0-9]{0,4})$`)
	// strictTransport is a value of the header (RFC 6797, section 6.1).
	strictTransport = regexp.MustCompile(`^max-age=[0-9]+(; includeSubDomains)?(; preload)?$`)
)

// Rules: Elastic Load Balancing API reference, CreateListener and
// RedirectActionConfig.
func checkListener(in *listenerInputs, problems *provider.Problems) {
	checkRange(problems, "port", in.Port, 1, 65535)
	checkOneOf(problems, "protocol", in.Protocol, []string{"HTTP", "HTTPS"})
	for path, set := range map[string]bool{"certificateArn": in.CertificateArn != nil, "sslPolicy": in.SslPolicy != nil} {
		switch {
		case !problems.Known("protocol", path):
		case in.Protocol == "HTTP" && set:
			problems.Refuse(path, "", "must not be stated for HTTP")
		case in.Protocol == "HTTPS" && !set && path == "certificateArn":
			problems.Refuse(path, "", "must be stated for HTTPS")
		}
	}
	// terraform-provider-aws, internal/service/elbv2/listener.go, resourceListener.
	checkARN(problems, "loadBalancerArn", in.LoadBalancerArn)
	if in.CertificateArn != nil {
		checkARN(problems, "certificateArn", *in.CertificateArn)
	}
	if in.SslPolicy != nil {
		checkOneOf(problems, "sslPolicy", *in.SslPolicy, tlsPolicies)
	}
	if value := in.StrictTransportSecurity; value != nil && !strictTransport.MatchString(*value) {
		problems.Refuse("routingHttpResponseStrictTransportSecurityHeaderValue", *value,
			"must be max-age=SECONDS, with includeSubDomains and preload behind it at most")
	}
	for i, action := range in.DefaultActions {
		checkAction(in, action, "defaultActions["+strconv.Itoa(i)+"]", problems)
	}
}

func checkAction(in *listenerInputs, action listenerAction, path string, problems *provider.Problems) {
	checkOneOf(problems, path+".type", action.Type, []string{"forward", "redirect"})
	for property, each := range map[string]struct {
		set    bool
		action string
	}{
		"targetGroupArn": {action.TargetGroupArn != nil, "forward"},
		"redirect":       {action.Redirect != nil, "redirect"},
	} {
		property = path + "." + property
		if !problems.Known(path+".type", property) || each.set == (action.Type == each.action) {
			continue
		}
		problems.Refuse(property, "", fmt.Sprintf("must be stated if, and only if, the action is a %s", each.action))
	}
	if action.TargetGroupArn != nil {
		checkARN(problems, path+".targetGroupArn", *action.TargetGroupArn)
	}
	if action.Redirect != nil {
		checkRedirect(in, *action.Redirect, path+".redirect", problems)
	}
}

func checkRedirect(in *listenerInputs, redirect listenerRedirect, path string, problems *provider.Problems) {
	whole := redirect.whole()
	checkOneOf(problems, path+".statusCode", redirect.StatusCode, []string{"HTTP_301", "HTTP_302"})
	checkOneOf(problems, path+".protocol", *whole.Protocol, []string{"HTTP", "HTTPS", "#{protocol}"})
	redirectHost.check(problems, path+".host", *whole.Host)
	redirectPath.check(problems, path+".path", *whole.Path)
	if !redirectPort.MatchString(*whole.Port) {
		problems.Refuse(path+".port", *whole.Port, "must be a port or #{port}")
	}
	if in.Protocol == "HTTPS" && *whole.Protocol == "HTTP" {
		problems.Refuse(path+".protocol", *whole.Protocol, "must not lead from HTTPS to HTTP")
	}
	if *whole.Protocol == "#{protocol}" && *whole.Host == "#{host}" && *whole.Port == "#{port}" && *whole.Path == "/#{path}" {
		problems.Refuse(path, "", "must change the protocol, the host, the port or the path, or it would lead to itself")
	}
}
