package main

import "testing"

func TestTheRandomValuesHaveTheFormOfTheGuide(t *testing.T) {
	stack := run(t, nil)
	stack.wantInputs(t, "RandomString bucket-suffix", object{"length": 8, "special": false, "upper": false})
	stack.wantInputs(t, "RandomPassword jwt-secret", object{
		"length": 32, "special": true, "overrideSpecial": "!@#$%&*()-_=+[]<>:?",
	})
}

func TestTheParametersHoldTheSecretTheBucketAndTheConfiguration(t *testing.T) {
	stack := run(t, nil)
	stack.wantInputs(t, "Parameter jwt-secret", object{
		"name":        "/mediaserver/jwt-secret",
		"description": "Signs and verifies the JSON Web Tokens of the media server",
		"type":        "SecureString",
		"value":       secret{testJWTSecret},
	})
	stack.wantInputs(t, "Parameter s3-bucket-name", object{
		"name":        "/mediaserver/s3-bucket-name",
		"description": "Name of the bucket that holds the media",
		"type":        "String",
		// The SDK hides the value of every parameter.
		"value": secret{testBucket},
	})
	appConfig := stack.find(t, "Parameter app-config").inputs
	value, isSecret := appConfig["value"].(secret)
	if !isSecret {
		t.Fatalf("the value of app-config is %#v", appConfig["value"])
	}
	appConfig["value"] = value.value
	stack.wantInputs(t, "Parameter app-config", object{
		"name":        "/mediaserver/app-config",
		"description": "Configuration of the media server, as JSON",
		"type":        "String",
		"value": jsonText{object{
			"NODE_ENV": "production", "AWS_REGION": testRegion, "S3_BUCKET": testBucket, "APP_PORT": 3000,
		}},
	})
}

func TestTheConfigurationFollowsTheSettings(t *testing.T) {
	stack := run(t, map[string]string{"nodeEnv": "staging", "appPort": "8080"})
	value := stack.find(t, "Parameter app-config").inputs["value"].(secret).value
	wantEqual(t, "app-config", value, jsonText{object{
		"NODE_ENV": "staging", "AWS_REGION": testRegion, "S3_BUCKET": testBucket, "APP_PORT": 8080,
	}})
}
