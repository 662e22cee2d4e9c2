package deploy

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"mediaserver/tools/fakeaws"
)

func TestAPushThatStallsFails(t *testing.T) {
	for _, action := range []string{"registry POST", "registry PATCH", "registry PUT"} {
		// In the bubble two minutes pass at once.
		synctest.Test(t, func(t *testing.T) {
			s := newStage(t)
			s.Always(action, fakeaws.Response{Hangs: true})
			s.deploy().expect(7, "cannot push "+repository+":latest: "+registry+": the push stalled: no byte moved for 120 s\n").notStarted()
		})
	}
}

// slow lets a minute pass before each byte that it takes of a request, and before each byte of its answer. It takes and
// gives so many.
type slow struct{ takes, gives int }

func (s slow) RoundTrip(request *http.Request) (*http.Response, error) {
	for range s.takes {
		time.Sleep(time.Minute)
		if _, err := request.Body.Read(make([]byte, 1)); err != nil {
			return nil, err
		}
	}
	if s.takes < 10 {
		<-request.Context().Done()
		return nil, request.Context().Err()
	}
	answer, into := io.Pipe()
	go func() {
		for range s.gives {
			time.Sleep(time.Minute)
			_, _ = into.Write([]byte("x"))
		}
		if s.gives < 10 {
			<-request.Context().Done()
		}
		_ = into.CloseWithError(request.Context().Err())
	}()
	return &http.Response{Body: answer}, nil
}

func TestOnlyARequestThatStandsStillIsGivenUp(t *testing.T) {
	for name, each := range map[string]struct {
		network slow
		want    error
	}{
		"slow":                     {slow{10, 10}, nil},
		"stands still as it goes":  {slow{9, 10}, errStalled},
		"stands still as it comes": {slow{10, 9}, errStalled},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				request, err := http.NewRequestWithContext(t.Context(), http.MethodPatch, "http://registry/", strings.NewReader("0123456789"))
				if err != nil {
					t.Fatal(err)
				}
				response, err := stallGuard{each.network}.RoundTrip(request)
				if err == nil {
					_, err = io.ReadAll(response.Body)
					_ = response.Body.Close()
				}
				if !errors.Is(err, each.want) {
					t.Errorf("got %v, want %v", err, each.want)
				}
			})
		})
	}
}
