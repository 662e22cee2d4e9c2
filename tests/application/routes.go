package main

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"os"
	"strings"
	"time"
)

// report is what GET /report answers.
type report struct {
	Version string `json:"version"`
	// Environment are the plain variables of the task definition, by name; one that is not set is absent.
	Environment map[string]string `json:"environment"`
	// JWTSecret tells of the secret without giving it away; absent if it is not set.
	JWTSecret *secretReport `json:"jwtSecret,omitempty"`
	// Own are the variables whose names begin with OWN_, which the settings environment and secrets give.
	Own map[string]string `json:"own,omitempty"`
}

// secretReport lets who knows a secret recognise it. Nobody can guess a drawn secret of this length from its digest.
type secretReport struct {
	Length int `json:"length"`
	// SHA256 is the digest of the secret, in hexadecimal.
	SHA256 string `json:"sha256"`
}

// routes are the paths that the application answers on.
func routes(behaviour behaviour) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /report", func(response http.ResponseWriter, _ *http.Request) {
		answer(response, http.StatusOK, describe(behaviour.version))
	})
	mux.HandleFunc("POST /bucket", func(response http.ResponseWriter, request *http.Request) {
		round, err := roundTrip(request.Context(), os.Getenv("S3_BUCKET_NAME"))
		if err != nil {
			answer(response, http.StatusBadGateway, map[string]string{"error": err.Error()})
			return
		}
		answer(response, http.StatusOK, round)
	})
	health := func(response http.ResponseWriter, request *http.Request) {
		select {
		case <-time.After(behaviour.healthDelay):
			answer(response, behaviour.healthStatus, map[string]string{"version": behaviour.version})
		case <-request.Context().Done():
		}
	}
	// Compared by itself, because a pattern gives braces a meaning and takes no query; decoded, because clients differ
	// in what they encode.
	return http.HandlerFunc(func(response http.ResponseWriter, request *http.Request) {
		if request.URL.Path == behaviour.health.Path && request.URL.RawQuery == behaviour.health.RawQuery {
			health(response, request)
			return
		}
		mux.ServeHTTP(response, request)
	})
}

// describe tells what has reached this process through its environment.
func describe(version string) report {
	found := report{Version: version, Environment: map[string]string{}, Own: map[string]string{}}
	for _, name := range []string{"AWS_REGION", "NODE_ENV", "PORT", "S3_BUCKET_NAME"} {
		if value, set := os.LookupEnv(name); set {
			found.Environment[name] = value
		}
	}
	for _, variable := range os.Environ() {
		if name, value, _ := strings.Cut(variable, "="); strings.HasPrefix(name, "OWN_") {
			found.Own[name] = value
		}
	}
	if secret, set := os.LookupEnv("JWT_SECRET"); set {
		digest := sha256.Sum256([]byte(secret))
		found.JWTSecret = &secretReport{Length: len(secret), SHA256: hex.EncodeToString(digest[:])}
	}
	return found
}

// answer writes a JSON response.
func answer(response http.ResponseWriter, status int, body any) {
	response.Header().Set("Content-Type", "application/json")
	response.WriteHeader(status)
	// A client that has gone away misses its answer, and nobody else does.
	_ = json.NewEncoder(response).Encode(body)
}
