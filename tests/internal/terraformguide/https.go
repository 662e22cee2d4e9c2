package terraformguide

import (
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	balancing "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
	"github.com/aws/aws-sdk-go-v2/service/route53"
	"github.com/aws/aws-sdk-go-v2/service/route53/types"

	"mediaserver/tests/internal/sandboxtest"
)

// secure adds what people add to the guide for HTTPS on a domain: a certificate, a listener on port 443 and a record
// that leads the domain to the load balancer.
func (g *guide) secure(balancer balancing.LoadBalancer, group string) {
	certificate := sandboxtest.ImportCertificate(g.TB, g.Clients, g.Domain)
	g.record("aws_acm_certificate.media", map[string]any{"arn": certificate, "domain_name": g.Domain})
	attributes := map[string]any{
		"load_balancer_arn": *balancer.LoadBalancerArn, "port": 443, "protocol": "HTTPS", "certificate_arn": certificate,
		"ssl_policy":     "ELBSecurityPolicy-2016-08",
		"default_action": []any{map[string]any{"type": "forward", "target_group_arn": group, "order": 1}},
	}
	listener := must(g.LoadBalancing.CreateListener(g.Context(), &elasticloadbalancingv2.CreateListenerInput{
		LoadBalancerArn: balancer.LoadBalancerArn, Port: aws.Int32(443), Protocol: balancing.ProtocolEnumHttps,
		SslPolicy: aws.String("ELBSecurityPolicy-2016-08"), Certificates: []balancing.Certificate{{CertificateArn: &certificate}},
		DefaultActions: []balancing.Action{{Type: balancing.ActionTypeEnumForward, TargetGroupArn: &group}},
		Tags: tagList(g.tags("https", attributes), func(key, value *string) balancing.Tag {
			return balancing.Tag{Key: key, Value: value}
		}),
	}))
	attributes["arn"], attributes["id"] = *listener.Listeners[0].ListenerArn, *listener.Listeners[0].ListenerArn
	g.record("aws_lb_listener.https", attributes)

	_, parent, _ := strings.Cut(g.Domain, ".")
	zone := must(g.Route53.CreateHostedZone(g.Context(), &route53.CreateHostedZoneInput{Name: &parent, CallerReference: &parent}))
	id := strings.TrimPrefix(*zone.HostedZone.Id, "/hostedzone/")
	must(g.Route53.ChangeResourceRecordSets(g.Context(), &route53.ChangeResourceRecordSetsInput{
		HostedZoneId: &id, ChangeBatch: &types.ChangeBatch{Changes: []types.Change{{
			Action: types.ChangeActionCreate, ResourceRecordSet: &types.ResourceRecordSet{
				Name: &g.Domain, Type: types.RRTypeA, AliasTarget: &types.AliasTarget{
					DNSName: balancer.DNSName, HostedZoneId: balancer.CanonicalHostedZoneId, EvaluateTargetHealth: true,
				},
			},
		}}},
	}))
	g.record("aws_route53_record.www", map[string]any{
		"zone_id": id, "name": g.Domain, "fqdn": g.Domain, "type": "A", "id": id + "_" + g.Domain + "_A", "set_identifier": "",
		"alias": []any{map[string]any{"name": *balancer.DNSName, "zone_id": *balancer.CanonicalHostedZoneId, "evaluate_target_health": true}},
	})
	// It is not the load balancer's, and stays with Terraform.
	g.record("aws_route53_record.mail", map[string]any{"zone_id": id, "name": "mail." + parent, "type": "A", "records": []any{"192.0.2.1"}})
}
