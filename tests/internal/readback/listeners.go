package readback

import (
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
)

var listenerResources = []resource{
	{key: "Listener mediaserver", read: readListener},
	{key: "Listener mediaserver-https", read: readHTTPSListener, present: onADomain},
}

// onADomain tells whether the stack serves HTTPS.
func onADomain(settings Settings) bool { return settings.DomainName != "" }

func readListener(r *reader) {
	listener := r.listener(80)
	r.equal("protocol", listener.Protocol, "HTTP")
	action := one(r, "actions", listener.DefaultActions)
	if onADomain(r.Settings) {
		r.equal("action", action.Type, "redirect")
		redirect := present(r, "the redirect", action.RedirectConfig)
		r.equal("redirect", redirect, types.RedirectActionConfig{
			Protocol: aws.String("HTTPS"), Host: &r.Settings.DomainName, Port: aws.String("443"),
			Path: aws.String("/#{path}"), Query: aws.String("#{query}"), StatusCode: types.RedirectActionStatusCodeEnumHttp301,
		})
	} else {
		r.equal("action", action.Type, "forward")
		r.equal("target group", action.TargetGroupArn, r.targetGroup().TargetGroupArn)
	}
	r.tags(r.loadBalancingTags(listener.ListenerArn))
}

func readHTTPSListener(r *reader) {
	listener := r.listener(443)
	r.equal("protocol", listener.Protocol, "HTTPS")
	r.equal("security policy", listener.SslPolicy, "ELBSecurityPolicy-TLS13-1-2-Res-PQ-2025-09")
	certificate := aws.ToString(one(r, "certificates", listener.Certificates).CertificateArn)
	if r.Settings.CertificateARN != "" {
		r.equal("certificate", certificate, r.Settings.CertificateARN)
	}
	action := one(r, "actions", listener.DefaultActions)
	r.equal("action", action.Type, "forward")
	r.equal("target group", action.TargetGroupArn, r.targetGroup().TargetGroupArn)
	found, err := r.LoadBalancing.DescribeListenerAttributes(r.ctx,
		&elasticloadbalancingv2.DescribeListenerAttributesInput{ListenerArn: listener.ListenerArn})
	r.answered(err)
	attributes := texts(found.Attributes, func(a types.ListenerAttribute) (*string, *string) { return a.Key, a.Value })
	r.equal("strict transport security", attributes["routing.http.response.strict_transport_security.header_value"], "max-age=31536000")
	r.tags(r.loadBalancingTags(listener.ListenerArn))
}

// listener is the load balancer's listener on a port. Beside those that the settings bring there must be none.
func (r *reader) listener(port int32) types.Listener {
	found, err := r.LoadBalancing.DescribeListeners(r.ctx,
		&elasticloadbalancingv2.DescribeListenersInput{LoadBalancerArn: r.loadBalancer().LoadBalancerArn})
	r.answered(err)
	want := 1
	if onADomain(r.Settings) {
		want = 2
	}
	r.count("listeners", len(found.Listeners), want)
	return one(r, "listeners on the port", slices.DeleteFunc(found.Listeners, func(each types.Listener) bool {
		return aws.ToInt32(each.Port) != port
	}))
}
