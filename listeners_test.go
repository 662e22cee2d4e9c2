package main

import (
	"slices"
	"strings"
	"testing"
)

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

// beyondTheGuide are the resources that a stack has beside the 36, by key.
func beyondTheGuide(t *testing.T, stack *recorder) []string {
	t.Helper()
	guide := defaultResources(t)
	var keys []string
	for _, r := range stack.records {
		if _, isDefault := guide[r.key()]; isDefault {
			delete(guide, r.key())
			continue
		}
		keys = append(keys, r.key())
	}
	if len(guide) > 0 {
		t.Errorf("the guide's resources %v are missing", guide)
	}
	slices.Sort(keys)
	return keys
}

func TestTheListenerForwardsPort80ToTheTargetGroup(t *testing.T) {
	run(t, nil).wantInputs(t, "Listener mediaserver", object{
		"loadBalancerArn": testLoadBalancer,
		"port":            80,
		"protocol":        "HTTP",
		"defaultActions":  list{object{"type": "forward", "targetGroupArn": testTargetGroup}},
	})
}

func TestEachCombinationBringsItsOwnResources(t *testing.T) {
	for _, combination := range []struct {
		settings map[string]string
		brings   []string
	}{
		{issuedCertificate, []string{
			"Certificate mediaserver", "CertificateValidation mediaserver", "Listener mediaserver-https",
			"Record certificate-validation", "Record mediaserver",
		}},
		{givenCertificate, []string{"Listener mediaserver-https"}},
		{givenWithAlias, []string{"Listener mediaserver-https", "Record mediaserver"}},
	} {
		if got := beyondTheGuide(t, run(t, combination.settings)); !slices.Equal(got, combination.brings) {
			t.Errorf("%v brings %v, want %v", combination.settings, got, combination.brings)
		}
	}
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

// TestHTTPSWaitsForWhatItNeeds holds the order in which a running stack goes to
// HTTPS: port 80 redirects only when port 443 and the name are there, and what
// needs the listener waits for the one that forwards.
func TestHTTPSWaitsForWhatItNeeds(t *testing.T) {
	for _, combination := range []struct {
		settings map[string]string
		waits    map[string][]string
	}{
		{issuedCertificate, map[string][]string{
			"Listener mediaserver": {"Listener mediaserver-https", "LoadBalancer mediaserver", "Record mediaserver"},
			"Listener mediaserver-https": {
				"CertificateValidation mediaserver", "LoadBalancer mediaserver", "TargetGroup mediaserver",
			},
			"Record mediaserver":                {"Listener mediaserver-https", "LoadBalancer mediaserver"},
			"Record certificate-validation":     {"Certificate mediaserver"},
			"CertificateValidation mediaserver": {"Certificate mediaserver", "Record certificate-validation"},
			"Certificate mediaserver":           nil,
		}},
		{givenCertificate, map[string][]string{
			"Listener mediaserver":       {"Listener mediaserver-https", "LoadBalancer mediaserver"},
			"Listener mediaserver-https": {"LoadBalancer mediaserver", "TargetGroup mediaserver"},
		}},
		{givenWithAlias, map[string][]string{
			"Listener mediaserver":       {"Listener mediaserver-https", "LoadBalancer mediaserver", "Record mediaserver"},
			"Listener mediaserver-https": {"LoadBalancer mediaserver", "TargetGroup mediaserver"},
			"Record mediaserver":         {"Listener mediaserver-https", "LoadBalancer mediaserver"},
		}},
	} {
		guide := defaultResources(t)
		for _, r := range run(t, combination.settings).records {
			want, changes := combination.waits[r.key()]
			if !changes {
				for _, needed := range guide[r.key()].DependsOn {
					want = append(want, strings.Replace(needed, "Listener mediaserver", "Listener mediaserver-https", 1))
				}
			}
			slices.Sort(want)
			if !slices.Equal(r.dependencies, want) {
				t.Errorf("%v: %s waits for %v, want %v", combination.settings, r.key(), r.dependencies, want)
			}
		}
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

// TestWhatASettingBringsIsInTheInventory holds that the inventory knows each
// resource beyond the guide, with what it waits for where all of them are there.
func TestWhatASettingBringsIsInTheInventory(t *testing.T) {
	stack := run(t, issuedCertificate)
	brought := beyondTheGuide(t, stack)
	for _, each := range inventory(t) {
		if !slices.Contains(brought, each.key()) {
			continue
		}
		brought = slices.DeleteFunc(brought, func(key string) bool { return key == each.key() })
		registered := stack.find(t, each.key())
		needed := slices.Sorted(slices.Values(each.DependsOn))
		if registered.token != each.Type || !slices.Equal(registered.dependencies, needed) || !strings.Contains(each.Setting, "domainName") {
			t.Errorf("the inventory has %+v, registered is %+v", each, registered)
		}
	}
	if len(brought) > 0 {
		t.Errorf("the inventory lacks %v", brought)
	}
}
