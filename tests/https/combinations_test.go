package https

import (
	"slices"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"

	"mediaserver/tests/internal/sandboxtest"
)

// The tests in transition_test.go deploy the other two combinations of settings.
func TestAGivenCertificateInAHostedZoneIsReadBackAndLeavesNothing(t *testing.T) {
	t.Parallel()
	d := newDeployment(t)
	certificate := sandboxtest.ImportCertificate(t, d.clients, domain)
	settings := map[string]string{"domainName": domain, "hostedZoneId": d.zone, "certificateArn": certificate}
	d.configure(settings)
	d.Up()
	d.checkValues(38, map[string]any{"domainName": domain, "hostedZoneId": d.zone, "certificateArn": certificate})
	if got, want := d.records(), []string{"A media.example.com alias"}; !slices.Equal(got, want) {
		t.Errorf("the zone has %q, want %q", got, want)
	}
	d.wantNothingToDo()
	d.wantNothingLeft(certificate)
}

// wantNothingToDo asserts that another update changes nothing.
func (d *deployment) wantNothingToDo() {
	d.t.Helper()
	d.watch.since()
	d.Up("--expect-no-changes")
	if again := d.watch.since(); len(again) > 0 {
		d.t.Errorf("the second run called %q", calls(again))
	}
}

// wantNothingLeft destroys the stack and asserts that the account has no more than the given certificates.
func (d *deployment) wantNothingLeft(certificates ...string) {
	d.t.Helper()
	d.Must("destroy", "--yes", "--skip-preview")
	if left := d.records(); len(left) > 0 {
		d.t.Errorf("the zone still has %q", left)
	}
	if left := d.certificates(); !slices.Equal(left, certificates) {
		d.t.Errorf("the account has the certificates %q, want %q", left, certificates)
	}
	balancers, err := d.clients.LoadBalancing.DescribeLoadBalancers(d.t.Context(), &elasticloadbalancingv2.DescribeLoadBalancersInput{})
	if err != nil || len(balancers.LoadBalancers) > 0 {
		d.t.Errorf("load balancers are left: %v (%v)", balancers, err)
	}
}
