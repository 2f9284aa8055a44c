package main

import (
	"errors"
	"fmt"
	"strconv"
	"time"
	"timeslip"
)

func sleepAndClock(s *timeslip.Session) (string, error) {
	own := time.Now()
	begin := s.Now()
	s.Sleep(time.Second)
	slept, ownSlept := s.Now()-begin, time.Since(own)
	if slept < time.Second || slept >= 1010*time.Millisecond {
		return "", fmt.Errorf("slept for %v", slept)
	}
	if difference := (ownSlept - slept).Abs(); difference > 10*time.Millisecond {
		return "", fmt.Errorf("Go's own clock differs by %v", difference)
	}
	return "slept", nil
}

func random(s *timeslip.Session) (string, error) {
	return fmt.Sprintf("%x %x %x", s.RandomUint64(), s.RandomUint64(), s.RandomBytes(5)), nil
}

func journal(s *timeslip.Session) (string, error) {
	s.Log(timeslip.Debug, "at debug")
	s.Log(timeslip.Info, "at info")
	s.Log(timeslip.Warn, "at warn")
	s.Log(timeslip.Error, "at error")
	end := s.Span("work")
	s.Sleep(5 * time.Millisecond)
	end()
	return "logged", nil
}

func config(s *timeslip.Session) (string, error) {
	greeting, _ := s.Config("greeting")
	missing, found := s.Config("missing")
	if !found {
		missing = "none"
	}
	return greeting + "/" + missing, nil
}

// left writes a budget as the answers of all languages do.
func left[T time.Duration | uint64](budget *T) string {
	if budget == nil {
		return "none"
	}
	return strconv.FormatUint(uint64(*budget), 10)
}

func budgetLeft(s *timeslip.Session) (string, error) {
	before := s.BudgetLeft()
	if _, err := ask(s, "Say hello."); err != nil {
		return "", err
	}
	after := s.BudgetLeft()
	return fmt.Sprintf("%s %s %s %s %s->%s", left(before.Time), left(before.ModelCalls),
		left(before.ToolCalls), left(before.OutputTokens), left(before.ModelCalls),
		left(after.ModelCalls)), nil
}

func failure(*timeslip.Session) (string, error) {
	return "", errors.New("the task cannot be done")
}

func crash(*timeslip.Session) (string, error) { panic("a defect") }

// touched keeps the blocks alive.
var touched [][]byte

func outOfMemory(*timeslip.Session) (string, error) {
	for {
		block := make([]byte, 1<<20)
		for i := 0; i < len(block); i += 4096 {
			block[i] = 1
		}
		touched = append(touched, block)
	}
}

func outOfFuel(*timeslip.Session) (string, error) {
	for {
	}
}
