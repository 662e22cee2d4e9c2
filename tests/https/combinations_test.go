package https

import (
	"slices"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"

	"mediaserver/tests/internal/sandboxtest"
)

func TestEachCombinationIsReadBackUnchangedTheSecondTimeAndLeavesNothing(t *testing.T) {
	for name, combination := range map[string]struct {
		zone, certificate bool
		resources         int
		records           []string
	}{
		"an issued certificate":                 {true, false, 41, []string{"A media.example.com alias", "CNAME media.example.com validation"}},
		"a given certificate":                   {false, true, 37, nil},
		"a given certificate and a hosted zone": {true, true, 38, []string{"A media.example.com alias"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newDeployment(t)
			settings := map[string]string{"domainName": domain}
			if combination.zone {
				settings["hostedZoneId"] = d.zone
			}
			if combination.certificate {
				settings["certificateArn"] = sandboxtest.ImportCertificate(t, d.clients, domain)
			}
			given := d.certificates()
			d.configure(settings)
			d.Up()
			d.checkValues(combination.resources, map[string]any{
				"domainName": domain, "hostedZoneId": settings["hostedZoneId"], "certificateArn": settings["certificateArn"],
			})
			if got := d.records(); !slices.Equal(got, combination.records) {
				t.Errorf("the zone has %q, want %q", got, combination.records)
			}

			d.watch.since()
			d.Must("preview", "--expect-no-changes")
			d.Up("--expect-no-changes")
			if again := d.watch.since(); len(again) > 0 {
				t.Errorf("the second run called %q", calls(again))
			}

			d.Must("destroy", "--yes", "--skip-preview")
			if left := d.records(); len(left) > 0 {
				t.Errorf("the zone still has %q", left)
			}
			if left := d.certificates(); !slices.Equal(left, given) {
				t.Errorf("the account has the certificates %q, and had %q", left, given)
			}
			balancers, err := d.clients.LoadBalancing.DescribeLoadBalancers(t.Context(), &elasticloadbalancingv2.DescribeLoadBalancersInput{})
			if err != nil || len(balancers.LoadBalancers) > 0 {
				t.Errorf("load balancers are left: %v (%v)", balancers, err)
			}
		})
	}
}
