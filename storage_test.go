package main

import "testing"

func TestTheMediaBucketHasAUniqueNameAndGoesWithItsMedia(t *testing.T) {
	run(t, nil).wantInputs(t, "BucketV2 media-storage", object{"bucket": testBucket, "forceDestroy": true})
}

// ruleWanted is the lifecycle rule with default settings.
func ruleWanted() object {
	return object{
		"id":     "archive-media",
		"status": "Enabled",
		"filter": object{},
		"transitions": list{
			object{"days": 30, "storageClass": "STANDARD_IA"},
			object{"days": 90, "storageClass": "GLACIER"},
		},
		"abortIncompleteMultipartUpload": object{"daysAfterInitiation": 7},
	}
}

func TestMediaMovesToCheaperTiersAndNothingExpires(t *testing.T) {
	run(t, nil).wantInputs(t, "BucketLifecycleConfigurationV2 media-storage", object{
		"bucket":                             testBucket,
		"transitionDefaultMinimumObjectSize": "all_storage_classes_128K",
		"rules":                              list{ruleWanted()},
	})
}

func TestMediaIsArchivedWhereTheSettingSays(t *testing.T) {
	inInfrequentAccess := object{"days": 30, "storageClass": "STANDARD_IA"}
	for class, transitions := range map[string]list{
		"GLACIER":    {inInfrequentAccess, object{"days": 90, "storageClass": "GLACIER"}},
		"GLACIER_IR": {inInfrequentAccess, object{"days": 90, "storageClass": "GLACIER_IR"}},
		"NONE":       {inInfrequentAccess},
	} {
		want := ruleWanted()
		want["transitions"] = transitions
		rules := run(t, map[string]string{"archiveStorageClass": class}).
			find(t, "BucketLifecycleConfigurationV2 media-storage").inputs["rules"]
		wantEqual(t, class, rules, list{want})
	}
}

func TestOldVersionsGoForGoodWithTheirMarkersWhereThatIsSet(t *testing.T) {
	for setting, days := range map[string]int{"1": 1, "365": 365} {
		want := ruleWanted()
		want["noncurrentVersionExpiration"] = object{"noncurrentDays": days}
		want["expiration"] = object{"expiredObjectDeleteMarker": true}
		rules := run(t, map[string]string{"oldVersionDays": setting}).
			find(t, "BucketLifecycleConfigurationV2 media-storage").inputs["rules"]
		wantEqual(t, "rules", rules, list{want})
	}
}

func TestMediaIsEncryptedVersionedAndPrivate(t *testing.T) {
	stack := run(t, nil)
	stack.wantInputs(t, "BucketServerSideEncryptionConfigurationV2 media-storage", object{
		"bucket": testBucket,
		"rules":  list{object{"applyServerSideEncryptionByDefault": object{"sseAlgorithm": "AES256"}}},
	})
	stack.wantInputs(t, "BucketVersioningV2 media-storage", object{
		"bucket":                  testBucket,
		"versioningConfiguration": object{"status": "Enabled"},
	})
	stack.wantInputs(t, "BucketPublicAccessBlock media-storage", object{
		"bucket":          testBucket,
		"blockPublicAcls": true, "blockPublicPolicy": true, "ignorePublicAcls": true, "restrictPublicBuckets": true,
	})
}

func TestBrowsersOfTheAllowedOriginsMayUseTheBucket(t *testing.T) {
	for setting, origins := range map[string]list{
		"": {"*"},
		`["https://media.example.com","http://localhost:5173"]`: {"https://media.example.com", "http://localhost:5173"},
	} {
		settings := map[string]string{}
		if setting != "" {
			settings["corsAllowedOrigins"] = setting
		}
		run(t, settings).wantInputs(t, "BucketCorsConfigurationV2 media-storage", object{
			"bucket": testBucket,
			"corsRules": list{object{
				"allowedHeaders": list{"*"},
				"allowedMethods": list{"GET", "PUT", "POST", "DELETE"},
				"allowedOrigins": origins,
				"exposeHeaders":  list{"ETag", "Content-Range", "Accept-Ranges", "Content-Length"},
				"maxAgeSeconds":  3000,
			}},
		})
	}
}

func TestForceDestroyIsForTheBucketAndTheRegistryAlike(t *testing.T) {
	stack := run(t, map[string]string{"forceDestroy": "false"})
	wantEqual(t, "bucket", stack.find(t, "BucketV2 media-storage").inputs["forceDestroy"], false)
	wantEqual(t, "registry", stack.find(t, "Repository mediaserver").inputs["forceDelete"], false)
}
