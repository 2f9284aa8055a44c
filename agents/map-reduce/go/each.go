package main

import "sync"

// each works on all items, a number of them at once, and gives the results in the items' order.
// After a failure no more items are begun.
func each[A, B any](atOnce int, items []A, work func(item A) (B, error)) ([]B, error) {
	results := make([]B, len(items))
	var failure error
	var workers sync.WaitGroup
	next := 0
	for range min(atOnce, len(items)) {
		workers.Go(func() {
			for next < len(items) && failure == nil {
				index := next
				next++
				result, err := work(items[index])
				if err != nil && failure == nil {
					failure = err
				}
				results[index] = result
			}
		})
	}
	workers.Wait()
	return results, failure
}
