package awsprovider

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
)

const (
	listenerURN = "urn:pulumi:dev::mediaserver::aws:lb/listener:Listener::mediaserver-https"
	listenerARN = "arn:aws:elasticloadbalancing:eu-west-2:123456789012:listener/app/media/1/2"
	groupARN    = "arn:aws:elasticloadbalancing:eu-west-2:123456789012:targetgroup/media/1"
)

// aListener is the inputs of a listener, with changes.
func aListener(changes map[string]any) map[string]any {
	inputs := map[string]any{
		"loadBalancerArn": "arn:aws:elasticloadbalancing:eu-west-2:123456789012:loadbalancer/app/media/1",
		"port":            80, "protocol": "HTTP",
		"defaultActions": with(map[string]any{"type": "forward", "targetGroupArn": groupARN}),
	}
	maps.Copy(inputs, changes)
	return inputs
}

// listeners answers as Elastic Load Balancing does where there is one listener, and writes down what modifies it.
type listeners struct {
	calls []string
	// broken fails ModifyListenerAttributes.
	broken bool
}

func (l *listeners) ServeHTTP(writer http.ResponseWriter, request *http.Request) {
	action := request.FormValue("Action")
	switch action {
	case "ModifyListenerAttributes":
		l.calls = append(l.calls, action+" "+strings.Join(attributesOf(request), " "))
		if l.broken {
			writer.WriteHeader(http.StatusBadRequest)
			_, _ = fmt.Fprint(writer, `<ErrorResponse><Error><Code>ValidationError</Code><Message>broken</Message></Error></ErrorResponse>`)
			return
		}
	case "ModifyListener":
		l.calls = append(l.calls, fmt.Sprintf("%s port=%s actions=%t", action, request.FormValue("Port"), request.Form.Has("DefaultActions.member.1.Type")))
	case "CreateListener":
		l.calls = append(l.calls, action)
	}
	one := "<Listeners><member><ListenerArn>" + listenerARN + "</ListenerArn><Protocol>HTTP</Protocol><Port>80</Port></member></Listeners>" +
		"<TagDescriptions><member></member></TagDescriptions>"
	_, _ = fmt.Fprintf(writer, "<%[1]sResponse><%[1]sResult>%[2]s</%[1]sResult></%[1]sResponse>", action, one)
}

func attributesOf(request *http.Request) []string {
	var attributes []string
	for i := 1; request.Form.Has(fmt.Sprintf("Attributes.member.%d.Key", i)); i++ {
		member := fmt.Sprintf("Attributes.member.%d.", i)
		attributes = append(attributes, request.FormValue(member+"Key")+"="+request.FormValue(member+"Value"))
	}
	return attributes
}

const (
	silent    = "routing.http.response.server.enabled=false"
	transport = "routing.http.response.strict_transport_security.header_value="
)

func TestEveryNewListenerIsToldNotToNameItsServer(t *testing.T) {
	elb := &listeners{}
	client := emulated(t, elb)
	for _, test := range []struct {
		changes map[string]any
		want    string
	}{
		{nil, "ModifyListenerAttributes " + silent},
		{map[string]any{"routingHttpResponseStrictTransportSecurityHeaderValue": "max-age=1"}, "ModifyListenerAttributes " + silent + " " + transport + "max-age=1"},
	} {
		elb.calls = nil
		if _, err := client.Create(t.Context(), &pulumirpc.CreateRequest{Urn: listenerURN, Properties: marshal(t, aListener(test.changes))}); err != nil {
			t.Fatal(err)
		}
		if want := []string{"CreateListener", test.want}; !slices.Equal(elb.calls, want) {
			t.Errorf("with %v the creation calls %q, want %q", test.changes, elb.calls, want)
		}
	}
}

func TestAnUpdateOfAListenerCallsForWhatChanges(t *testing.T) {
	elb := &listeners{}
	client := emulated(t, elb)
	const header = "routingHttpResponseStrictTransportSecurityHeaderValue"
	old := map[string]any{header: "max-age=1"}
	for _, test := range []struct {
		name    string
		changes map[string]any
		want    []string
	}{
		{"nothing", map[string]any{header: "max-age=1"}, nil},
		{"the tags", map[string]any{header: "max-age=1", "tags": map[string]any{"a": "b"}}, nil},
		{"the port", map[string]any{header: "max-age=1", "port": 81}, []string{"ModifyListener port=81 actions=false"}},
		{"the actions", map[string]any{header: "max-age=1", "defaultActions": redirection(nil)}, []string{"ModifyListener port=80 actions=true"}},
		{"the header", map[string]any{header: "max-age=2"}, []string{"ModifyListenerAttributes " + transport + "max-age=2"}},
		{"the port and the header", map[string]any{header: "max-age=2", "port": 81}, []string{
			"ModifyListener port=81 actions=false", "ModifyListenerAttributes " + transport + "max-age=2",
		}},
		{"the header, which is no longer stated", nil, nil},
	} {
		elb.calls = nil
		state := aListener(old)
		state["arn"] = listenerARN
		_, err := client.Update(t.Context(), &pulumirpc.UpdateRequest{
			Urn: listenerURN, Id: listenerARN, OldInputs: marshal(t, aListener(old)), Olds: marshal(t, state), News: marshal(t, aListener(test.changes)),
		})
		if err != nil || !slices.Equal(elb.calls, test.want) {
			t.Errorf("changing %s calls %q and ends with %v, want %q", test.name, elb.calls, err, test.want)
		}
	}
}

func TestAListenerWhoseAttributesFailedGetsThemByTheNextUpdate(t *testing.T) {
	elb := &listeners{broken: true}
	client := emulated(t, elb)
	inputs := marshal(t, aListener(nil))
	if _, err := client.Create(t.Context(), &pulumirpc.CreateRequest{Urn: listenerURN, Properties: inputs}); err == nil || !strings.Contains(err.Error(), "broken") {
		t.Fatalf("the creation ends with %v", err)
	}
	elb.broken, elb.calls = false, nil
	_, err := client.Update(t.Context(), &pulumirpc.UpdateRequest{Urn: listenerURN, Id: listenerARN, OldInputs: inputs, Olds: inputs, News: inputs})
	if want := []string{"ModifyListenerAttributes " + silent}; err != nil || !slices.Equal(elb.calls, want) {
		t.Errorf("the update calls %q and ends with %v, want %q", elb.calls, err, want)
	}
}
