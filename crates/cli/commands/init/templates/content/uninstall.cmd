@echo off
rmdir /s /q "%ProgramFiles%\Example"
exit /b %errorlevel%
