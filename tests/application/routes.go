package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// report is what GET /report answers.
type report struct {
	Version string `json:"version"`
	// Environment are the plain variables of the task definition, by name, and those whose names begin with OWN_, which
	// the settings environment and secrets give.
	Environment map[string]string `json:"environment"`
	// JWTSecret lets who knows the secret recognise it. Nobody can guess a drawn secret of this length from its digest.
	JWTSecret struct {
		// SHA256 is the digest of the secret, in hexadecimal.
		SHA256 string `json:"sha256"`
	} `json:"jwtSecret"`
}

// routes are the paths that the application answers on.
func routes(version string) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /health", func(response http.ResponseWriter, _ *http.Request) {
		answer(response, http.StatusOK, map[string]string{"version": version})
	})
	mux.HandleFunc("GET /report", func(response http.ResponseWriter, _ *http.Request) {
		answer(response, http.StatusOK, describe(version))
	})
	mux.HandleFunc("POST /bucket", func(response http.ResponseWriter, request *http.Request) {
		if err := roundTrip(request.Context(), os.Getenv("S3_BUCKET_NAME")); err != nil {
			answer(response, http.StatusBadGateway, map[string]string{"error": err.Error()})
			return
		}
		answer(response, http.StatusOK, map[string]string{})
	})
	return mux
}

// describe tells what has reached this process through its environment.
func describe(version string) report {
	found := report{Version: version, Environment: map[string]string{}}
	for _, variable := range os.Environ() {
		name, value, _ := strings.Cut(variable, "=")
		if strings.HasPrefix(name, "OWN_") || slices.Contains([]string{"AWS_REGION", "NODE_ENV", "PORT", "S3_BUCKET_NAME"}, name) {
			found.Environment[name] = value
		}
	}
	digest := sha256.Sum256([]byte(os.Getenv("JWT_SECRET")))
	found.JWTSecret.SHA256 = hex.EncodeToString(digest[:])
	return found
}

// answer writes a JSON response.
func answer(response http.ResponseWriter, status int, body any) {
	response.Header().Set("Content-Type", "application/json")
	response.WriteHeader(status)
	// A client that has gone away misses its answer, and nobody else does.
	_ = json.NewEncoder(response).Encode(body)
}

// roundTrip writes an object of its own into the bucket, reads it and deletes it, with the credentials that the
// environment gives, in a task those of the task role. The bucket keeps versions, so one of the object stays in it until
// the bucket's lifecycle takes it away.
func roundTrip(ctx context.Context, bucket string) (err error) {
	configuration, err := config.LoadDefaultConfig(ctx)
	if err != nil {
		return fmt.Errorf("find the credentials of AWS: %w", err)
	}
	client, key, content := s3.NewFromConfig(configuration), "application/"+rand.Text(), []byte(rand.Text())
	_, err = client.PutObject(ctx, &s3.PutObjectInput{Bucket: &bucket, Key: &key, Body: bytes.NewReader(content)})
	if err != nil {
		return fmt.Errorf("write %s into bucket %q: %w", key, bucket, err)
	}
	defer func() {
		// The request may have ended meanwhile; the object is deleted all the same.
		_, failure := client.DeleteObject(context.WithoutCancel(ctx), &s3.DeleteObjectInput{Bucket: &bucket, Key: &key})
		if failure != nil {
			err = errors.Join(err, fmt.Errorf("delete %s from bucket %s: %w", key, bucket, failure))
		}
	}()
	object, err := client.GetObject(ctx, &s3.GetObjectInput{Bucket: &bucket, Key: &key})
	if err != nil {
		return fmt.Errorf("read %s from bucket %s: %w", key, bucket, err)
	}
	defer func() { _ = object.Body.Close() }()
	read, err := io.ReadAll(object.Body)
	if err != nil {
		return fmt.Errorf("read %s from bucket %s: %w", key, bucket, err)
	}
	if !bytes.Equal(read, content) {
		return fmt.Errorf("bucket %s holds something else under %s than what was written", bucket, key)
	}
	return nil
}
