package plangate

import (
	"maps"
	"slices"
	"testing"
)

func TestANewRecordValidatesACertificateOrLeadsToTheLoadBalancer(t *testing.T) {
	const (
		others   = "gets weaker name: the domain of the settings at the load balancer → "
		lost     = "gets weaker allowOverwrite: not set → true"
		asked    = `"records": ["_1.acm-validations.aws."]`
		unasked  = `"records": "` + unknown + `"`
		balanced = `"aliases": [{"name": "ours"}]`
	)
	of := func(name, says string) Step {
		return creation(t, record, `{"name": "`+name+`", `+says+`}`)
	}
	overwriting := func(step Step) Step {
		after := *step.After
		after.Inputs = maps.Clone(after.Inputs)
		after.Inputs["allowOverwrite"] = true
		step.After = &after
		return step
	}
	both := func(step Step, properties []string, source Step) Step {
		dependencies := map[string][]string{}
		for _, property := range properties {
			dependencies[property] = []string{source.URN}
		}
		after := *step.After
		after.PropertyDependencies = dependencies
		step.After = &after
		return step
	}
	requested := creation(t, certificate, `{"domainName": "media.example.com"}`)
	changing := update(t, certificate, `{"domainName": "media.example.com"}`, `{"domainName": "media.example.com", "tags": {}}`)
	changing.URN += "-too"
	staying := changing
	staying.Operation, staying.URN = "same", changing.URN+"-three"
	balancer := update(t, loadBalancer, `{"name": "ours"}`, `{"name": "ours"}`)
	balancer.Operation, balancer.Before.Outputs = "same", map[string]any{"dnsName": "ours"}
	made := creation(t, loadBalancer, `{"name": "new"}`)
	fromCertificate, fromBalancer := []string{"name", "records"}, []string{"aliases"}
	for _, each := range []struct {
		what   string
		record Step
		want   []string
	}{
		{"one that validates", overwriting(of("_0.media.example.com.", asked)), nil},
		{"one that validates a new certificate", overwriting(both(of(unknown, unasked), fromCertificate, requested)), nil},
		{"one that validates, of which the plan shows nothing", both(creation(t, record, `{"ttl": 60}`), fromCertificate, requested), nil},
		{"one that validates elsewhere", of("_acme-challenge.media.example.com", `"records": ["guess"]`), []string{others + "_acme-challenge.media.example.com"}},
		{"one that validates elsewhere too", of("_0.media.example.com", `"records": ["_1.acm-validations.aws.", "guess"]`), []string{others + "_0.media.example.com"}},
		{"one that validates with a name of its own", both(of("www.media.example.com", unasked), fromCertificate, requested), []string{others + "www.media.example.com"}},
		{"one that says something else under the name that validates", both(of(unknown, `"records": ["guess"]`), fromCertificate, requested), []string{others + "not known yet"}},
		{"an alias under a name that validates", of("_0.media.example.com", balanced), []string{others + "_0.media.example.com"}},
		{"one of a certificate that only changes", both(of(unknown, unasked), fromCertificate, changing), []string{others + "not known yet"}},
		{"one of a certificate that stays", both(of(unknown, unasked), fromCertificate, staying), []string{others + "not known yet"}},
		{"one that is not known", overwriting(of(unknown, unasked)), []string{lost, others + "not known yet"}},
		{"the domain at the load balancer", of("media.example.com", balanced), nil},
		{"the domain at a new load balancer", both(of("Media.Example.com.", `"aliases": "`+unknown+`"`), fromBalancer, made), nil},
		{"the domain at a new load balancer, of which the plan shows nothing", both(of("media.example.com", `"type": "A"`), fromBalancer, made), nil},
		{"the domain at nobody knows what", both(of("media.example.com", `"aliases": "`+unknown+`"`), fromBalancer, requested), []string{others + "media.example.com"}},
		{"the domain at another one", of("media.example.com", `"aliases": [{"name": "others"}]`), []string{others + "media.example.com"}},
		{"the domain at an address", both(of("media.example.com", `"records": ["192.0.2.1"]`), fromBalancer, made), []string{others + "media.example.com"}},
		{"the domain, written over", overwriting(of("media.example.com", balanced)), []string{lost}},
		{"another name at the load balancer", of("www.example.com", balanced), []string{others + "www.example.com"}},
	} {
		plan := Plan{Steps: []Step{each.record, requested, changing, staying, balancer, made}, ChangeSummary: map[string]int{"same": 30}, Config: map[string]string{"mediaserver:domainName": "media.example.com"}}
		if got := dangersOf(plan); !slices.Equal(got, each.want) {
			t.Errorf("%s: %q, want %q", each.what, got, each.want)
		}
	}
	first := Plan{Steps: []Step{of("www.example.com", balanced)}, ChangeSummary: map[string]int{"create": 1}}
	if got := dangersOf(first); !slices.Equal(got, []string{others + "www.example.com"}) {
		t.Errorf("in the first plan: %q", got)
	}
	plan := Plan{Steps: []Step{of("", balanced), balancer}, ChangeSummary: map[string]int{"same": 30}, Config: map[string]string{"mediaserver:domainName": ""}}
	if got := dangersOf(plan); !slices.Equal(got, []string{others}) {
		t.Errorf("without a domain: %q", got)
	}
}
