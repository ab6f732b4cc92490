@echo off
rem Copies the files beside this script to their place.
xcopy /y /e /i "%~dp0." "%ProgramFiles%\Example\"
exit /b %errorlevel%
