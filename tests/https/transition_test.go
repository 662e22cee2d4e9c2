package https

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"mediaserver/tests/internal/sandboxtest"
	"mediaserver/tools/gate"
)

// judged is the gate's judgement of a plan, with allowances.
func (d *deployment) judged(plan string, allowances ...string) gate.Judgement {
	d.t.Helper()
	read, err := gate.Read(strings.NewReader(plan), "")
	if err != nil {
		d.t.Fatal(err)
	}
	return gate.Judge(read, "commit", allowances)
}

// wantRefused asserts what the gate refuses in the preview, where "additions" stands for all new resources, and that the
// preview needs every allowance that the gate asks for.
func (d *deployment) wantRefused(want ...string) {
	d.t.Helper()
	plan := d.Must("preview", "--json", "--show-sames").Stdout
	judgement := d.judged(plan)
	var refused []string
	for _, change := range judgement.Changes {
		what := fmt.Sprintf("%s %s %s", change.Operation, change.Type[strings.LastIndex(change.Type, ":")+1:], change.Name)
		if change.Operation == "create" {
			what = "additions"
		}
		if len(change.Reasons) > 0 {
			refused = append(refused, what)
		}
	}
	slices.Sort(refused)
	if refused = slices.Compact(refused); !slices.Equal(refused, want) {
		d.t.Errorf("the gate refuses %q, want %q", refused, want)
	}
	allowances := judgement.Needed()
	if len(allowances) != len(want) {
		d.t.Errorf("the gate wants the allowances %q", allowances)
	}
	if judgement := d.judged(plan, allowances...); judgement.Refused() {
		d.t.Errorf("with all allowances the judgement is %+v", judgement)
	}
	for i := range allowances {
		if !d.judged(plan, slices.Delete(slices.Clone(allowances), i, i+1)...).Refused() {
			d.t.Errorf("without the allowance %s the gate lets the plan pass", allowances[i])
		}
	}
}

// wantAlwaysServed asserts that at every moment a port forwarded to the tasks, port 80 redirected only to where the stack
// answers, and port 443 had its certificate.
func wantAlwaysServed(t *testing.T, moments []moment, withAlias bool) {
	t.Helper()
	for _, each := range moments {
		if !slices.Contains(slices.Collect(maps.Values(each.ports)), "forward") {
			t.Errorf("nothing forwards to the tasks after %v", each)
		}
		if host, redirects := strings.CutPrefix(each.ports[80], "redirect to "); redirects {
			if each.ports[443] != "forward" {
				t.Errorf("port 80 redirects to a port that does not forward after %v", each)
			}
			if withAlias && !slices.Contains(each.records, "A "+host+" alias") {
				t.Errorf("port 80 redirects to a name that is not there after %v", each)
			}
		} else if each.ports[80] != "forward" {
			t.Errorf("port 80 does nothing after %v", each)
		}
		if !each.secured {
			t.Errorf("the certificate of port 443 is gone after %v", each)
		}
	}
}

// wantCalls asserts the calls that changed something: first these in their order, then the deletions in any order.
func wantCalls(t *testing.T, moments []moment, inOrder []string, thenDeleted ...string) {
	t.Helper()
	got := calls(moments)
	if len(got) >= len(inOrder) {
		slices.Sort(got[len(inOrder):])
	}
	if want := slices.Concat(inOrder, thenDeleted); !slices.Equal(got, want) {
		t.Errorf("the calls were\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func TestARunningStackGoesToHTTPSAndBackAndIsServedAtEveryMoment(t *testing.T) {
	t.Parallel()
	d := newDeployment(t)
	d.Up()
	d.watch.since()

	d.configure(map[string]string{"domainName": domain, "hostedZoneId": d.zone})
	d.wantRefused("additions", "update Listener mediaserver")
	d.Up()
	there := d.watch.since()
	wantAlwaysServed(t, there, true)
	wantCalls(t, there, []string{
		"RequestCertificate", "ChangeResourceRecordSets UPSERT CNAME",
		"CreateListener 443", "ModifyListenerAttributes", "ChangeResourceRecordSets CREATE A", "ModifyListener 80",
	})
	d.checkValues(41, map[string]any{"domainName": domain, "hostedZoneId": d.zone})

	d.configure(map[string]string{"domainName": "", "hostedZoneId": ""})
	d.wantRefused(
		"delete Certificate mediaserver", "delete CertificateValidation mediaserver", "delete Listener mediaserver-https",
		"delete Record certificate-validation", "delete Record mediaserver", "update Listener mediaserver")
	d.Up()
	back := d.watch.since()
	wantAlwaysServed(t, back, true)
	wantCalls(t, back, []string{"ModifyListener 80"},
		"ChangeResourceRecordSets DELETE A", "ChangeResourceRecordSets DELETE CNAME", "DeleteCertificate", "DeleteListener")
	d.checkValues(36, nil)
}

func TestARunningStackGoesToHTTPSWithAGivenCertificateAndBack(t *testing.T) {
	t.Parallel()
	d := newDeployment(t)
	d.Up()
	d.watch.since()
	certificate := sandboxtest.ImportCertificate(t, d.clients, domain)
	d.configure(map[string]string{"domainName": domain, "certificateArn": certificate})
	d.wantRefused("additions", "update Listener mediaserver")
	d.Up()
	there := d.watch.since()
	wantAlwaysServed(t, there, false)
	wantCalls(t, there, []string{"CreateListener 443", "ModifyListenerAttributes", "ModifyListener 80"})
	d.checkValues(37, map[string]any{"domainName": domain, "certificateArn": certificate})

	// From a given certificate to one that AWS issues, and the zone's records.
	d.configure(map[string]string{"certificateArn": "", "hostedZoneId": d.zone})
	d.wantRefused("additions", "update Listener mediaserver-https")
	d.Up()
	issued := d.watch.since()
	wantAlwaysServed(t, issued, false)
	wantCalls(t, issued, []string{
		"RequestCertificate", "ChangeResourceRecordSets UPSERT CNAME", "ModifyListener 443", "ChangeResourceRecordSets CREATE A",
	})

	// And back to the given one, without the records.
	d.configure(map[string]string{"certificateArn": sandboxtest.ImportCertificate(t, d.clients, domain), "hostedZoneId": ""})
	d.wantRefused("delete Certificate mediaserver", "delete CertificateValidation mediaserver",
		"delete Record certificate-validation", "delete Record mediaserver", "update Listener mediaserver-https")
	d.Up()
	given := d.watch.since()
	wantAlwaysServed(t, given, false)
	wantCalls(t, given, []string{"ModifyListener 443"}, "ChangeResourceRecordSets DELETE A", "ChangeResourceRecordSets DELETE CNAME", "DeleteCertificate")

	d.configure(map[string]string{"domainName": "", "certificateArn": ""})
	d.wantRefused("delete Listener mediaserver-https", "update Listener mediaserver")
	d.Up()
	back := d.watch.since()
	wantAlwaysServed(t, back, false)
	wantCalls(t, back, []string{"ModifyListener 80"}, "DeleteListener")
}

// TestAnIssuedCertificateIsAnnouncedAndAnotherDomainHasItsOwnBeforeTheOldOnesGo follows one stack from its first update,
// which waits for the certificate, to its end.
func TestAnIssuedCertificateIsAnnouncedAndAnotherDomainHasItsOwnBeforeTheOldOnesGo(t *testing.T) {
	t.Parallel()
	d := newDeployment(t)
	d.configure(map[string]string{"domainName": domain, "hostedZoneId": d.zone})
	d.wantAnnouncedWait("Waiting until AWS has seen the record in the zone example.com and has issued the certificate for media.example.com")
	if output := d.Must("preview", "--expect-no-changes"); strings.Contains(output.Stdout+output.Stderr, "Waiting until AWS") {
		t.Errorf("there is nothing to wait for, and the preview says:\n%s", output.Stdout+output.Stderr)
	}
	d.watch.since()
	d.configure(map[string]string{"domainName": "films.example.com"})
	d.wantRefused("replace Certificate mediaserver", "replace CertificateValidation mediaserver",
		"replace Record certificate-validation", "replace Record mediaserver", "update Listener mediaserver", "update Listener mediaserver-https")
	d.Up()
	moments := d.watch.since()
	wantAlwaysServed(t, moments, true)
	wantCalls(t, moments, []string{
		"RequestCertificate", "ChangeResourceRecordSets UPSERT CNAME",
		"ModifyListener 443", "ChangeResourceRecordSets CREATE A", "ModifyListener 80",
	},
		"ChangeResourceRecordSets DELETE A", "ChangeResourceRecordSets DELETE CNAME", "DeleteCertificate")
	if got, want := d.records(), []string{"A films.example.com alias", "CNAME films.example.com validation"}; !slices.Equal(got, want) {
		t.Errorf("the zone has %q, want %q", got, want)
	}
	if left := d.certificates(); len(left) != 1 {
		t.Errorf("the account has the certificates %q", left)
	}
	d.checkValues(41, map[string]any{"domainName": "films.example.com", "hostedZoneId": d.zone})
	d.wantNothingToDo()
	d.wantNothingLeft()
}
