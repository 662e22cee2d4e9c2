package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"

	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// bucketRound is what POST /bucket answers: the object that was written, read and deleted again. The bucket keeps
// versions, so one of the object stays in it until the bucket's lifecycle takes it away.
type bucketRound struct {
	Bucket string `json:"bucket"`
	Key    string `json:"key"`
}

// roundTrip writes an object of its own into the bucket, reads it and deletes it, with the credentials that the
// environment gives, in a task those of the task role.
func roundTrip(ctx context.Context, bucket string) (round bucketRound, err error) {
	if bucket == "" {
		return round, errors.New("S3_BUCKET_NAME is not set, and it says which bucket to use")
	}
	configuration, err := config.LoadDefaultConfig(ctx)
	if err != nil {
		return round, fmt.Errorf("find the credentials of AWS: %w", err)
	}
	client := s3.NewFromConfig(configuration)
	round = bucketRound{Bucket: bucket, Key: "application/" + rand.Text()}
	content := []byte(rand.Text())
	if _, err := client.PutObject(ctx, &s3.PutObjectInput{
		Bucket: &bucket, Key: &round.Key, Body: bytes.NewReader(content),
	}); err != nil {
		return round, fmt.Errorf("write %s into bucket %s: %w", round.Key, bucket, err)
	}
	defer func() {
		// The request may have ended meanwhile; the object is deleted all the same.
		_, failure := client.DeleteObject(context.WithoutCancel(ctx), &s3.DeleteObjectInput{Bucket: &bucket, Key: &round.Key})
		if failure != nil {
			err = errors.Join(err, fmt.Errorf("delete %s from bucket %s: %w", round.Key, bucket, failure))
		}
	}()
	object, err := client.GetObject(ctx, &s3.GetObjectInput{Bucket: &bucket, Key: &round.Key})
	if err != nil {
		return round, fmt.Errorf("read %s from bucket %s: %w", round.Key, bucket, err)
	}
	defer func() { _ = object.Body.Close() }()
	read, err := io.ReadAll(object.Body)
	if err != nil {
		return round, fmt.Errorf("read %s from bucket %s: %w", round.Key, bucket, err)
	}
	if !bytes.Equal(read, content) {
		return round, fmt.Errorf("bucket %s holds something else under %s than what was written", bucket, round.Key)
	}
	return round, nil
}
