@echo off
rem power.cmd PLAN: chooses one of the power plans that Windows brings along.
if "%1"=="balanced" powercfg /setactive SCHEME_BALANCED
if "%1"=="performance" powercfg /setactive SCHEME_MIN
exit /b %errorlevel%
