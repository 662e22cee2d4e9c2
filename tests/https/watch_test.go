package https

import (
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/acm"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"

	"mediaserver/tests/internal/awsclients"
	"mediaserver/tests/internal/faultproxy"
)

// watch lets only one call through at a time that changes something, and looks at the load balancer and the zone after
// each. So it sees every state that users could meet, and fails the test where they would not be served.
type watch struct {
	t       *testing.T
	clients *awsclients.Clients
	records func() []string

	mutex sync.Mutex
	// hold is called before each call of the provider.
	hold func(action string)
	// nameIsOurs tells that the domain's record is the stack's, so that it must be there when port 80 redirects.
	nameIsOurs bool
	// calls are those that changed something, in their order.
	calls []string
}

// begin forgets the calls so far, and has hold called before each call of the provider.
func (w *watch) begin(nameIsOurs bool, hold func(action string)) {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	w.calls, w.nameIsOurs, w.hold = nil, nameIsOurs, hold
}

// noHold holds nothing back.
func noHold(string) {}

// reading are the actions that change nothing.
var reading = regexp.MustCompile("^(Get|Describe|List|GET |HEAD )")

// around stands around each call of the provider.
func (w *watch) around(call faultproxy.Call, forward func()) {
	w.mutex.Lock()
	hold := w.hold
	w.mutex.Unlock()
	hold(call.Action)
	if reading.MatchString(call.Action) {
		forward()
		return
	}
	w.mutex.Lock()
	defer w.mutex.Unlock()
	forward()
	w.calls = append(w.calls, described(call))
	w.look()
}

// described tells calls of the same operation apart by what they change.
func described(call faultproxy.Call) string {
	switch call.Action {
	case "CreateListener", "ModifyListener":
		form, _ := url.ParseQuery(call.Body)
		return call.Action + " " + form.Get("Port")
	case "ChangeResourceRecordSets":
		change := regexp.MustCompile(`(?s)<Action>(.*?)</Action>.*<Type>(.*?)</Type>`).FindStringSubmatch(call.Body)
		return strings.Join(append([]string{call.Action}, change[1:]...), " ")
	}
	return call.Action
}

// look checks that a port forwards to the tasks, that port 80 redirects only to where the stack answers, and that port 443
// has its certificate.
func (w *watch) look() {
	ports := w.ports()
	after := "after " + w.calls[len(w.calls)-1]
	if !slices.Contains(slices.Collect(maps.Values(ports)), "forward") {
		w.t.Errorf("nothing forwards to the tasks %s: %v", after, ports)
	}
	if host, redirects := strings.CutPrefix(ports[80], "redirect to "); redirects {
		if ports[443] != "forward" {
			w.t.Errorf("port 80 redirects to a port that does not forward %s: %v", after, ports)
		}
		if records := w.records(); w.nameIsOurs && !slices.Contains(records, "A "+host+" alias") {
			w.t.Errorf("port 80 redirects to a name that is not there %s: %v, %q", after, ports, records)
		}
	} else if ports[80] != "forward" {
		w.t.Errorf("port 80 does nothing %s: %v", after, ports)
	}
}

// ports tells what each port of the load balancer does: forward, or redirect to an address.
func (w *watch) ports() map[int32]string {
	ports := map[int32]string{}
	balancers, err := w.clients.LoadBalancing.DescribeLoadBalancers(w.t.Context(), nil)
	if err != nil || len(balancers.LoadBalancers) != 1 {
		w.t.Errorf("there is not one load balancer: %v (%v)", balancers, err)
		return ports
	}
	listeners, err := w.clients.LoadBalancing.DescribeListeners(w.t.Context(),
		&elasticloadbalancingv2.DescribeListenersInput{LoadBalancerArn: balancers.LoadBalancers[0].LoadBalancerArn})
	if err != nil {
		w.t.Error(err)
		return ports
	}
	for _, listener := range listeners.Listeners {
		for _, action := range listener.DefaultActions {
			ports[*listener.Port] = string(action.Type)
			if redirect := action.RedirectConfig; redirect != nil {
				ports[*listener.Port] += " to " + aws.ToString(redirect.Host)
			}
		}
		for _, certificate := range listener.Certificates {
			if _, err := w.clients.ACM.DescribeCertificate(w.t.Context(),
				&acm.DescribeCertificateInput{CertificateArn: certificate.CertificateArn}); err != nil {
				w.t.Errorf("the certificate of port %d is gone: %v", *listener.Port, err)
			}
		}
	}
	return ports
}

// wantCalls asserts the calls that changed something: first these in their order, then the deletions in any order.
func (w *watch) wantCalls(inOrder []string, thenDeleted ...string) {
	w.t.Helper()
	w.mutex.Lock()
	defer w.mutex.Unlock()
	if len(w.calls) >= len(inOrder) {
		slices.Sort(w.calls[len(inOrder):])
	}
	if want := slices.Concat(inOrder, thenDeleted); !slices.Equal(w.calls, want) {
		w.t.Errorf("the calls were\n%s\nwant\n%s", strings.Join(w.calls, "\n"), strings.Join(want, "\n"))
	}
}
