package faultproxy

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
)

// newEmulator answers every call and counts those that reach it.
func newEmulator(t *testing.T) (url string, reached *atomic.Int32) {
	t.Helper()
	reached = &atomic.Int32{}
	server := httptest.NewServer(http.HandlerFunc(func(writer http.ResponseWriter, request *http.Request) {
		reached.Add(1)
		_, _ = io.WriteString(writer, "fine")
	}))
	t.Cleanup(server.Close)
	return server.URL, reached
}

func start(t *testing.T) (proxy *Proxy, reached *atomic.Int32) {
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
			if got := int(reached.Load()); got != test.arrives || hits() != 1 {
				t.Errorf("%d calls arrived and %d went wrong, want %d and 1", got, hits(), test.arrives)
			}
			if status := invoke(t, proxy, "CreateRole"); status != http.StatusOK {
				t.Errorf("the next answer is %d", status)
			}
		})
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
