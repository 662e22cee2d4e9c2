package faultproxy

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// newEmulator answers every call and notes what reached it.
func newEmulator(t *testing.T) (url string, reached func() []string) {
	t.Helper()
	var mu sync.Mutex
	var bodies []string
	server := httptest.NewServer(http.HandlerFunc(func(writer http.ResponseWriter, request *http.Request) {
		body, _ := io.ReadAll(request.Body)
		mu.Lock()
		defer mu.Unlock()
		bodies = append(bodies, string(body))
		_, _ = io.WriteString(writer, "fine")
	}))
	t.Cleanup(server.Close)
	return server.URL, func() []string {
		mu.Lock()
		defer mu.Unlock()
		return slices.Clone(bodies)
	}
}

func start(t *testing.T) (proxy *Proxy, reached func() []string) {
	t.Helper()
	target, reached := newEmulator(t)
	proxy, err := Start(target)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = proxy.Close() })
	return proxy, reached
}

// invoke makes a call and returns the status, 0 if there was no answer.
func invoke(t *testing.T, proxy *Proxy, action string) int {
	t.Helper()
	response, err := http.Post(proxy.URL(), "application/x-www-form-urlencoded", strings.NewReader("Action="+action))
	if err != nil {
		return 0
	}
	defer response.Body.Close()
	return response.StatusCode
}

func TestEachFaultDoesWhatItSays(t *testing.T) {
	for _, test := range []struct {
		fault   Fault
		status  int
		arrives int
	}{
		{Throttle, http.StatusBadRequest, 0},
		{InternalError, http.StatusInternalServerError, 0},
		{DropRequest, 0, 0},
		{DropResponse, 0, 1},
		{Delay, http.StatusOK, 1},
	} {
		t.Run(test.fault.String(), func(t *testing.T) {
			proxy, reached := start(t)
			hits := proxy.Inject(Rule{Action: "CreateRole", Fault: test.fault, Times: 1})
			if status := invoke(t, proxy, "CreateRole"); status != test.status {
				t.Errorf("the answer is %d, want %d", status, test.status)
			}
			if got := len(reached()); got != test.arrives || hits() != 1 {
				t.Errorf("%d calls arrived and %d went wrong, want %d and 1", got, hits(), test.arrives)
			}
			if status := invoke(t, proxy, "CreateRole"); status != http.StatusOK {
				t.Errorf("the next answer is %d", status)
			}
		})
	}
}

func TestADelayedCallIsNotPassedOnBeforeItsPauseIsOver(t *testing.T) {
	proxy, reached := start(t)
	proxy.Inject(Rule{Action: "CreateRole", Fault: Delay, Pause: time.Hour})
	impatient, stop := context.WithCancel(t.Context())
	request, err := http.NewRequestWithContext(impatient, http.MethodPost, proxy.URL(), strings.NewReader("Action=CreateRole"))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	over := make(chan error)
	go func() {
		_, err := http.DefaultClient.Do(request)
		over <- err
	}()
	if status := invoke(t, proxy, "GetRole"); status != http.StatusOK {
		t.Errorf("another call is answered with %d", status)
	}
	stop()
	if err := <-over; err == nil {
		t.Error("the delayed call is answered")
	}
	if got := len(reached()); got != 1 {
		t.Errorf("%d calls arrived, want the other one", got)
	}
}

func TestARuleHitsTheChosenCallsOnly(t *testing.T) {
	proxy, _ := start(t)
	proxy.Inject(Rule{Action: "CreateRole", Fault: InternalError, Skip: 1, Times: 2})
	var statuses []int
	for _, action := range []string{"CreateRole", "DeleteRole", "CreateRole", "CreateRole", "CreateRole"} {
		statuses = append(statuses, invoke(t, proxy, action))
	}
	if want := []int{200, 200, 500, 500, 200}; !slices.Equal(statuses, want) {
		t.Errorf("the answers are %v, want %v", statuses, want)
	}
	lasting := proxy.Inject(Rule{Fault: Throttle})
	for range 3 {
		invoke(t, proxy, "GetRole")
	}
	if lasting() != 3 {
		t.Errorf("a lasting fault on all calls hit %d of 3", lasting())
	}
	proxy.Heal()
	if status := invoke(t, proxy, "GetRole"); status != http.StatusOK {
		t.Errorf("after healing the answer is %d", status)
	}
	if bodies := proxy.Bodies("DeleteRole"); !slices.Equal(bodies, []string{"Action=DeleteRole"}) {
		t.Errorf("the bodies are %q", bodies)
	}
	want := []string{"CreateRole", "DeleteRole", "CreateRole", "CreateRole", "CreateRole", "GetRole", "GetRole", "GetRole", "GetRole"}
	if actions := proxy.Actions(); !slices.Equal(actions, want) {
		t.Errorf("the actions are %q, want %q", actions, want)
	}
}

func TestTheActionOfEveryProtocolIsKnown(t *testing.T) {
	for _, test := range []struct {
		method, path, target, body, action string
	}{
		{"POST", "/", "", "Action=CreateSecurityGroup&Version=2016-11-15", "CreateSecurityGroup"},
		{"POST", "/", "AmazonEC2ContainerServiceV20141113.CreateService", "{}", "CreateService"},
		{"PUT", "/media", "", "<CreateBucketConfiguration/>", "PUT bucket"},
		{"PUT", "/media?versioning", "", "", "PUT bucket?versioning"},
		{"PUT", "/media?versioning=", "", "", "PUT bucket?versioning"},
		{"GET", "/?x-id=ListBuckets", "", "", "GET service"},
		{"PUT", "/media/a/b.mp4?x-id=PutObject", "", "", "PUT object"},
		{"GET", "/2013-04-01/hostedzone", "", "", "ListHostedZones"},
		{"GET", "/2013-04-01/hostedzone/Z1", "", "", "GetHostedZone"},
		{"GET", "/2013-04-01/hostedzone/Z1/rrset?name=a", "", "", "ListResourceRecordSets"},
		{"POST", "/2013-04-01/hostedzone/Z1/rrset/", "", "<ChangeResourceRecordSetsRequest/>", "ChangeResourceRecordSets"},
		{"GET", "/2013-04-01/change/C1", "", "", "GetChange"},
		{"GET", "/2013-04-01/tags/hostedzone/Z1", "", "", "ListTagsForResource"},
	} {
		request := httptest.NewRequest(test.method, test.path, nil)
		if test.target != "" {
			request.Header.Set("X-Amz-Target", test.target)
		}
		if action := Action(request, []byte(test.body)); action != test.action {
			t.Errorf("%s %s %s is %q, want %q", test.method, test.path, test.target, action, test.action)
		}
	}
}
