package main

import "testing"

// The combinations of settings that bring HTTPS.
var (
	issuedCertificate = map[string]string{"domainName": testDomain, "hostedZoneId": testZone}
	givenCertificate  = map[string]string{"domainName": testDomain, "certificateArn": testCertificate}
	givenWithAlias    = map[string]string{"domainName": testDomain, "hostedZoneId": testZone, "certificateArn": testCertificate}
)

// The load balancer and the target group that listeners name.
const (
	testLoadBalancer = "arn:aws:elasticloadbalancing:eu-west-2:123456789012:loadbalancer/app/alb/1"
	testTargetGroup  = "arn:aws:elasticloadbalancing:eu-west-2:123456789012:targetgroup/tg/2"
)

func TestTheListenerForwardsPort80ToTheTargetGroup(t *testing.T) {
	run(t, nil).wantInputs(t, "Listener mediaserver", object{
		"loadBalancerArn": testLoadBalancer,
		"port":            80,
		"protocol":        "HTTP",
		"defaultActions":  list{object{"type": "forward", "targetGroupArn": testTargetGroup}},
	})
}

func TestPort443ForwardsWithTheCertificateAndPort80RedirectsToTheDomain(t *testing.T) {
	for _, settings := range []map[string]string{issuedCertificate, givenCertificate, givenWithAlias} {
		stack := run(t, settings)
		stack.wantInputs(t, "Listener mediaserver-https", object{
			"loadBalancerArn": testLoadBalancer,
			"port":            443,
			"protocol":        "HTTPS",
			"certificateArn":  testCertificate,
			"sslPolicy":       "ELBSecurityPolicy-TLS13-1-2-Res-PQ-2025-09",
			"defaultActions":  list{object{"type": "forward", "targetGroupArn": testTargetGroup}},
			"routingHttpResponseStrictTransportSecurityHeaderValue": "max-age=31536000",
		})
		stack.wantInputs(t, "Listener mediaserver", object{
			"loadBalancerArn": testLoadBalancer,
			"port":            80,
			"protocol":        "HTTP",
			"defaultActions": list{object{"type": "redirect", "redirect": object{
				"protocol": "HTTPS", "host": "media.example.com", "port": "443", "path": "/#{path}", "query": "#{query}", "statusCode": "HTTP_301",
			}}},
		})
	}
}

func TestTheAliasLeadsToTheLoadBalancerAndOverwritesNothing(t *testing.T) {
	for _, settings := range []map[string]string{issuedCertificate, givenWithAlias} {
		run(t, settings).wantInputs(t, "Record mediaserver", object{
			"zoneId": testZone,
			"name":   "media.example.com",
			"type":   "A",
			"aliases": list{object{
				"name": "alb-1.eu-west-2.elb.amazonaws.com", "zoneId": "ZHURV8PSTC4K8", "evaluateTargetHealth": false,
			}},
			"allowOverwrite": false,
		})
	}
}

func TestTheURLIsTheDomain(t *testing.T) {
	for _, settings := range []map[string]string{issuedCertificate, givenCertificate, givenWithAlias} {
		outputs := stackOutputsOf(t, newRecorder(), settings)
		if outputs["appUrl"] != "https://media.example.com" || outputs["albDnsName"] != "alb-1.eu-west-2.elb.amazonaws.com" {
			t.Errorf("%v: the application is at %v on %v", settings, outputs["appUrl"], outputs["albDnsName"])
		}
	}
}
