package https

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httputil"
	"net/url"
	"slices"
	"strings"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/acm"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/aws-sdk-go-v2/service/route53"

	"mediaserver/tests/internal/awsclients"
	"mediaserver/tests/internal/faultproxy"
)

// watch is a proxy between the provider and the emulator. It lets only one call through at a time that changes something,
// and looks at the load balancer and the zone after each. So it sees every state that users could meet.
type watch struct {
	forward *httputil.ReverseProxy
	clients *awsclients.Clients
	zone    string
	// hold is called before a call goes on. Nil for nothing.
	hold func(operation string)

	mutex sync.Mutex
	// moments are the calls that changed something, in their order, with the state after each.
	moments []moment
}

// moment is what users meet after a call.
type moment struct {
	// call is the operation and what it changed.
	call string
	// ports tells what each port of the load balancer does: forward, or redirect to an address.
	ports map[int32]string
	// secured tells whether the certificate of port 443 exists. True if there is no such port.
	secured bool
	// records are those of the zone.
	records []string
}

// String shows the moment in a message.
func (m moment) String() string {
	return fmt.Sprintf("%s: ports %v, certificate there %v, records %v", m.call, m.ports, m.secured, m.records)
}

func newWatch(emulator string, clients *awsclients.Clients) (*watch, error) {
	target, err := url.Parse(emulator)
	if err != nil {
		return nil, err
	}
	return &watch{forward: httputil.NewSingleHostReverseProxy(target), clients: clients}, nil
}

// changing tells whether an operation changes something.
func changing(operation string) bool {
	for _, reading := range []string{"Get", "Describe", "List", "GET ", "HEAD "} {
		if strings.HasPrefix(operation, reading) {
			return false
		}
	}
	return true
}

func (w *watch) ServeHTTP(writer http.ResponseWriter, request *http.Request) {
	body, err := io.ReadAll(request.Body)
	if err != nil {
		http.Error(writer, err.Error(), http.StatusBadRequest)
		return
	}
	request.Body = io.NopCloser(bytes.NewReader(body))
	operation := faultproxy.Action(request, body)
	if w.hold != nil {
		w.hold(operation)
	}
	if !changing(operation) {
		w.forward.ServeHTTP(writer, request)
		return
	}
	w.mutex.Lock()
	defer w.mutex.Unlock()
	w.forward.ServeHTTP(writer, request)
	w.moments = append(w.moments, w.look(operation+described(operation, string(body))))
}

// described tells calls of the same operation apart by what they change.
func described(operation, body string) string {
	switch operation {
	case "CreateListener", "ModifyListener":
		form, err := url.ParseQuery(body)
		if err != nil {
			return err.Error()
		}
		return " " + form.Get("Port")
	case "ChangeResourceRecordSets":
		between := func(tag string) string {
			_, rest, _ := strings.Cut(body, "<"+tag+">")
			text, _, _ := strings.Cut(rest, "</"+tag+">")
			return text
		}
		return " " + between("Action") + " " + between("Type")
	}
	return ""
}

// look reads the load balancer and the zone.
func (w *watch) look(call string) moment {
	seen := moment{call: call, ports: map[int32]string{}, secured: true}
	note := func(problem ...any) { seen.call += " " + fmt.Sprint(problem...) }
	balancers, err := w.clients.LoadBalancing.DescribeLoadBalancers(context.Background(), &elasticloadbalancingv2.DescribeLoadBalancersInput{})
	if err != nil {
		note(err)
		return seen
	}
	for _, balancer := range balancers.LoadBalancers {
		listeners, err := w.clients.LoadBalancing.DescribeListeners(context.Background(),
			&elasticloadbalancingv2.DescribeListenersInput{LoadBalancerArn: balancer.LoadBalancerArn})
		if err != nil {
			note(err)
			return seen
		}
		for _, listener := range listeners.Listeners {
			for _, action := range listener.DefaultActions {
				does := string(action.Type)
				if redirect := action.RedirectConfig; redirect != nil {
					does += " to " + aws.ToString(redirect.Host)
				}
				seen.ports[aws.ToInt32(listener.Port)] = does
			}
			for _, certificate := range listener.Certificates {
				_, err := w.clients.ACM.DescribeCertificate(context.Background(), &acm.DescribeCertificateInput{CertificateArn: certificate.CertificateArn})
				seen.secured = seen.secured && err == nil
			}
		}
	}
	if w.zone != "" {
		seen.records = records(context.Background(), note, w.clients, w.zone)
	}
	return seen
}

// records are the records of a zone, without those that every zone has: each as type, name and content.
func records(ctx context.Context, fail func(...any), clients *awsclients.Clients, zone string) []string {
	found, err := clients.Route53.ListResourceRecordSets(ctx, &route53.ListResourceRecordSetsInput{HostedZoneId: &zone})
	if err != nil {
		fail(err)
		return nil
	}
	var all []string
	for _, set := range found.ResourceRecordSets {
		if set.Type == "NS" || set.Type == "SOA" {
			continue
		}
		says := "alias"
		for _, record := range set.ResourceRecords {
			says = aws.ToString(record.Value)
		}
		name := strings.TrimSuffix(aws.ToString(set.Name), ".")
		if set.Type == "CNAME" {
			// The name that validates begins with a token.
			name = name[strings.Index(name, ".")+1:]
			says = "validation"
		}
		all = append(all, fmt.Sprintf("%s %s %s", set.Type, name, says))
	}
	slices.Sort(all)
	return all
}

// since returns the moments so far and forgets them.
func (w *watch) since() []moment {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	moments := w.moments
	w.moments = nil
	return moments
}

// calls are the calls of moments, in their order.
func calls(moments []moment) []string {
	all := make([]string, len(moments))
	for i, each := range moments {
		all[i] = each.call
	}
	return all
}
