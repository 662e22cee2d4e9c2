package awsprovider

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
)

const (
	listenerURN = "urn:pulumi:dev::mediaserver::aws:lb/listener:Listener::mediaserver-https"
	listenerARN = "arn:aws:elasticloadbalancing:eu-west-2:123456789012:listener/app/media/1/2"
)

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
		l.calls = append(l.calls, action+" "+request.FormValue("Attributes.member.1.Key")+"="+request.FormValue("Attributes.member.1.Value"))
		if l.broken {
			writer.WriteHeader(http.StatusBadRequest)
			_, _ = fmt.Fprint(writer, `<ErrorResponse><Error><Code>ValidationError</Code><Message>broken</Message></Error></ErrorResponse>`)
			return
		}
	case "ModifyListener":
		l.calls = append(l.calls, action)
	}
	one := "<Listeners><member><ListenerArn>" + listenerARN + "</ListenerArn><Protocol>HTTP</Protocol><Port>80</Port></member></Listeners>" +
		"<TagDescriptions><member></member></TagDescriptions>"
	_, _ = fmt.Fprintf(writer, "<%[1]sResponse><%[1]sResult>%[2]s</%[1]sResult></%[1]sResponse>", action, one)
}

func TestAListenerWhoseAttributesFailedGetsThemByTheNextUpdate(t *testing.T) {
	elb := &listeners{broken: true}
	client := emulated(t, elb)
	inputs := marshal(t, good[frontend])
	if _, err := client.Create(t.Context(), &pulumirpc.CreateRequest{Urn: listenerURN, Properties: inputs}); err == nil || !strings.Contains(err.Error(), "broken") {
		t.Fatalf("the creation ends with %v", err)
	}
	elb.broken, elb.calls = false, nil
	_, err := client.Update(t.Context(), &pulumirpc.UpdateRequest{Urn: listenerURN, Id: listenerARN, OldInputs: inputs, Olds: inputs, News: inputs})
	if want := []string{"ModifyListenerAttributes routing.http.response.server.enabled=false"}; err != nil || !slices.Equal(elb.calls, want) {
		t.Errorf("the update calls %q and ends with %v, want %q", elb.calls, err, want)
	}
}
